import Glibc
import Shared
import SharedHTTP

/// ConfigMaps followed through the Kubernetes API, with the mounted directory standing in until the API has given one.
final class KubernetesSource: WatchedSource {
    let summary: String
    /// Nothing is due for so long at most: the loop looks at the stored contracts only when it turns.
    private static let longestPatience = Duration.seconds(5)

    private let session: KubernetesSession
    private let followers: [ConfigMapFollower]
    private let assembly: SourceAssembly
    private let makeDirectory: (MonotonicTime) throws(SystemError) -> DirectorySource
    private var directory: DirectorySource?
    private var directoryReading: SourceReading?
    private var finished: [(id: TransferID, result: Result<HTTPResponse, TransportError>)] = []
    private var reported: Report?
    private var mustReport = false

    /// What the last reading was made from, but for the contents.
    private struct Report: Equatable {
        var decision: SourceAssembly.Decision
        var states: [ConfigMapState]
        var tokenError: SystemError?
    }

    /// - Parameters:
    ///   - previous: The section as an earlier process of this run left it.
    ///   - standsInForAbsent: The directory is used for ConfigMaps that do not exist, too.
    ///   - makeDirectory: Makes the source that stands in; called when it is needed.
    init(
        _ kubernetes: KubernetesSettings,
        namespace: String,
        names: [String],
        previous: SourceState?,
        standsInForAbsent: Bool,
        timing: WatchTiming = WatchTiming(),
        now: MonotonicTime,
        makeDirectory: @escaping (MonotonicTime) throws(SystemError) -> DirectorySource
    ) throws(TransportError) {
        let list = names.map { "\(namespace)/\($0)" }.joined(separator: ", ")
        summary = "\(names.count == 1 ? "ConfigMap" : "ConfigMaps") \(list)"
        session = try KubernetesSession(KubernetesClient(kubernetes, timing: timing), now: now)
        assembly = SourceAssembly(timing: timing, standsInForAbsent: standsInForAbsent, start: now)
        self.makeDirectory = makeDirectory
        let explanation = KubernetesExplanation(settings: kubernetes, namespace: namespace, names: names)
        followers = names.map { name in
            let known = previous?.configMaps.first { $0.name == name && $0.namespace == namespace }
            return ConfigMapFollower(
                ConfigMapWatch(
                    namespace: namespace,
                    name: name,
                    previous: known,
                    explanation: explanation,
                    timing: timing,
                    now: now
                )
            )
        }
    }

    private var watches: [ConfigMapWatch] { followers.map(\.watch) }

    var deadline: MonotonicTime {
        var deadlines = followers.compactMap { $0.deadline(session.now) } + [session.now + Self.longestPatience]
        if let deadline = assembly.deadline(watches, now: session.now) { deadlines.append(deadline) }
        if let directory { deadlines.append(directory.deadline) }
        if mustReport || !finished.isEmpty { deadlines.append(session.now) }
        return deadlines.min() ?? session.now
    }

    func wait(upTo duration: Duration, besides descriptor: Int32) throws(SystemError) {
        let descriptors = [descriptor] + (directory.map { [$0.descriptor] } ?? [])
        finished += session.curl.turn(waitingUpTo: duration, descriptors: descriptors).finished
    }

    func lookAgain(now: MonotonicTime) {
        mustReport = true
        directory?.lookAgain(now: now)
    }

    func turn(now: MonotonicTime) -> SourceReading? {
        session.now = now
        var hasNews = mustReport
        mustReport = false
        for (id, result) in finished {
            for follower in followers {
                guard let delivered = follower.finish(id, result, session) else { continue }
                hasNews = delivered || hasNews
                break
            }
        }
        finished = []
        for follower in followers { hasNews = follower.turn(session) || hasNews }
        if session.wantsToken {
            session.wantsToken = false
            if session.client.refreshToken(force: true) {
                for follower in followers { follower.credentialsChanged(session) }
            }
        }
        return reading(hasNews: hasNews, now)
    }

    // MARK: - What is reported

    private func reading(hasNews: Bool, _ now: MonotonicTime) -> SourceReading? {
        let watches = watches
        let report = Report(
            decision: assembly.decide(watches, now: now),
            states: watches.map(\.state),
            tokenError: session.client.tokenError
        )
        let isSame = report == reported
        let isSameDecision = report.decision == reported?.decision
        reported = report
        let messages = session.takeMessages()
        if case .directory(let code, let reason) = report.decision {
            let found = directoryTurn(now)
            if isSame, !hasNews, found == nil, messages.isEmpty { return nil }
            return standIn(found ?? directoryReading, code, reason, report, messages, now)
        }
        directory = nil
        directoryReading = nil
        if isSame, !hasNews, messages.isEmpty { return nil }
        var reading = SourceReading(outcome: .unchanged, since: now)
        reading.messages = messages
        reading.configMaps = report.states
        switch report.decision {
        case .asBefore, .directory: break
        case .lost(let reason):
            reading.outcome = .absent(reason: reason)
            reading.origin = .api(summary)
        case .content(let lost):
            reading.origin = .api(summary)
            reading.lostReason = lost
            guard hasNews || !isSameDecision else { break }
            let content = ConfigMapContent(watches)
            reading.outcome = .content(content.content)
            reading.since = followers.compactMap(\.changed).max() ?? now
        }
        reading.warnings = warnings(report.decision, watches)
        return reading
    }

    private func warnings(_ decision: SourceAssembly.Decision, _ watches: [ConfigMapWatch]) -> [String] {
        var warnings: [String] = []
        if case .content = decision { warnings = ConfigMapContent(watches).warnings }
        return warnings + tokenWarning
    }

    private var tokenWarning: [String] {
        session.client.tokenError.map {
            ["the token of the Kubernetes API cannot be read: \($0); the one that was read last goes on being used"]
        } ?? []
    }

    // MARK: - The directory

    private func directoryTurn(_ now: MonotonicTime) -> SourceReading? {
        do throws(SystemError) {
            if directory == nil { directory = try makeDirectory(now) }
        } catch {
            return SourceReading(outcome: .absent(reason: "\(error)"), since: now)
        }
        guard let reading = directory?.turn(now: now) else { return nil }
        if case .unsettled = reading.outcome { return nil }
        directoryReading = reading
        return reading
    }

    /// - Parameter found: What the directory holds; `nil`: it is being written.
    private func standIn(
        _ found: SourceReading?,
        _ code: String,
        _ reason: String,
        _ report: Report,
        _ messages: [WatcherMessage],
        _ now: MonotonicTime
    ) -> SourceReading {
        var reading = found ?? SourceReading(outcome: .unchanged, since: now)
        reading.messages = messages
        reading.configMaps = report.states
        switch reading.outcome {
        case .content:
            reading.origin = .directory(directory?.summary ?? "", insteadOf: code)
            let late =
                "contracts come from the \(directory?.summary ?? "directory"), which Kubernetes updates up to 90 s late"
            reading.warnings.append("\(SourceState.fallbackWarning); meanwhile \(late): \(reason)")
        case .absent(let directoryReason):
            reading.origin = .api(summary)
            reading.outcome = .absent(reason: "\(reason); nor is there a directory: \(directoryReason)")
            reading.warnings = []
        case .unchanged, .unsettled: break
        }
        reading.warnings += tokenWarning
        return reading
    }
}
