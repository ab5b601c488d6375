import Glibc
import Shared
import SharedHTTP

/// ConfigMaps followed through the Kubernetes API, with the mounted directory standing in until the API has given one.
final class KubernetesSource: WatchedSource {
    let summary: String
    private let session: KubernetesSession
    private let followers: [ConfigMapFollower]
    private let assembly: SourceAssembly
    private let makeDirectory: (MonotonicTime) throws(SystemError) -> DirectorySource
    private var directory: DirectorySource?
    private var directoryReading: DirectoryFinding?
    /// The first ConfigMap came while the directory stood in.
    private var standInSince: MonotonicTime?
    private var finished: [(id: TransferID, result: Result<HTTPResponse, TransportError>)] = []
    private var reported: Report?
    private var mustReport = false

    /// What the last reading was made from, but for the contents.
    private struct Report: Equatable {
        var decision: SourceAssembly.Decision
        var states: [ConfigMapState]
        var tokenError: SystemError?
        var lacksGet: [Bool]
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

    /// Between two looks at the token's file while the token is refused or the file cannot be read.
    private static let tokenInterval = Duration.seconds(1)

    private var looksForToken: Bool {
        if session.client.tokenError != nil { return true }
        return followers.contains { $0.watch.state.problem?.code == ConfigMapState.Problem.unauthorized }
    }

    var deadline: MonotonicTime {
        var deadlines = followers.compactMap { $0.deadline(session.now) }
        if let deadline = assembly.deadline(watches, standInSince: standInSince, now: session.now) {
            deadlines.append(deadline)
        }
        if let directory { deadlines.append(directory.deadline) }
        if mustReport || !finished.isEmpty { deadlines.append(session.now) }
        if looksForToken { deadlines.append(session.now + Self.tokenInterval) }
        return deadlines.min() ?? session.now + .seconds(60)
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
        for follower in followers {
            let wasWatching = follower.watch.state.connection == .watching
            hasNews = follower.turn(session) || hasNews
            guard !wasWatching, follower.watch.state.connection == .watching else { continue }
            for other in followers where other !== follower { other.isReachable(session) }
        }
        if session.wantsToken || looksForToken {
            if session.client.refreshToken(force: session.wantsToken) {
                for follower in followers { follower.credentialsChanged(session) }
            }
            session.wantsToken = false
        }
        return reading(hasNews: hasNews, now)
    }

    // MARK: - What is reported

    private func reading(hasNews: Bool, _ now: MonotonicTime) -> SourceReading? {
        let watches = watches
        if standsIn, standInSince == nil, watches.contains(where: \.state.wasDelivered) { standInSince = now }
        let report = Report(
            decision: assembly.decide(watches, standInSince: standInSince, now: now),
            states: watches.map(\.state),
            tokenError: session.client.tokenError,
            lacksGet: watches.map(\.lacksGet)
        )
        let isSame = report == reported
        let isSameDecision = report.decision == reported?.decision
        reported = report
        let messages = session.takeMessages()
        if case .directory(let code, let reason) = report.decision {
            let found = directoryTurn(now)
            if isSame, !hasNews, found == nil, messages.isEmpty { return nil }
            return standIn(found, code, reason, report, messages, now)
        }
        directory = nil
        directoryReading = nil
        standInSince = nil
        if isSame, !hasNews, messages.isEmpty { return nil }
        var reading = SourceReading(outcome: .unchanged, since: now)
        reading.messages = messages
        reading.configMaps = report.states
        switch report.decision {
        case .asBefore, .directory: break
        case .lost(let reason):
            reading.outcome = .absent(reason: reason)
            reading.origin = .api(summary)
        case .missing(let reason):
            reading.outcome = .absent(reason: reason)
            reading.endsStandIn = true
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
        session.client.tokenError.map { error in
            let rest =
                session.client.hasToken ? "the one that was read last goes on being used" : "there is none to use"
            return ["the token of the Kubernetes API cannot be read: \(error); \(rest)"]
        } ?? []
    }

    // MARK: - The directory

    /// What the directory held when it was read last, but for the contracts, which are desired already.
    private enum DirectoryFinding {
        case content(warnings: [String])
        case absent(reason: String)
    }

    /// It is there and its contracts are desired.
    private var standsIn: Bool {
        if case .content = directoryReading { true } else { false }
    }

    /// - Returns: What is new; `nil`: nothing, or it is being written.
    private func directoryTurn(_ now: MonotonicTime) -> SourceReading? {
        do throws(SystemError) {
            if directory == nil { directory = try makeDirectory(now) }
        } catch {
            return SourceReading(outcome: .absent(reason: "\(error)"), since: now)
        }
        guard let reading = directory?.turn(now: now) else { return nil }
        switch reading.outcome {
        case .content: directoryReading = .content(warnings: reading.warnings)
        // The kubelet does not take a ConfigMap's directory away: what it held stays desired, and stays what it was.
        case .absent(let reason): if !standsIn { directoryReading = .absent(reason: reason) }
        case .unsettled, .unchanged: return nil
        }
        return reading
    }

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
        switch directoryReading {
        case .content(let warnings):
            let summary = directory?.summary ?? SourceState.directoryOrigin
            reading.origin = .directory(summary, insteadOf: code)
            let late = "contracts come from the \(summary), which Kubernetes updates up to 90 s late"
            reading.warnings = warnings + ["\(late): \(reason)"]
        case .absent(let directoryReason):
            reading.origin = .api(summary)
            reading.outcome = .absent(reason: "\(reason); nor is there a directory: \(directoryReason)")
            reading.warnings = []
        case nil: break
        }
        reading.warnings += tokenWarning
        return reading
    }
}
