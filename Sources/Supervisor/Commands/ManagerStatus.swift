import Shared

/// What `manager status` shows, gathered: the sections of one run, and what the kernel says of the workers.
struct ManagerStatus: Encodable, Equatable {
    /// A manager lives and owns the state directory.
    var isRunning: Bool
    /// Its pid, host and start, as it wrote them beside its lock; only while it runs.
    var holder: String?
    var stateDirectory: String?
    /// Every directory in which a state was looked for.
    var lookedIn: [String] = []
    /// Why some of them could not be looked into, or why a manager that runs has no state.
    var obstacle: String?
    /// Why a section could not be read, by section.
    var problems: [String: String] = [:]
    var processes: ProcessesState?
    var broker: BrokerState?
    var source: SourceState?
    var publication: PublicationState?
    /// Resident memory in bytes, by worker and for `manager`.
    var residentBytes: [String: Int] = [:]
    /// The state of each desired pair, in their order.
    var pairStates: [PairState] = []
    /// What is known of each desired pair in the broker, in their order.
    var published: [PublishedPair?] = []
    /// In short: can the contracts be relied on?
    var verdict: String = ""
    /// Milliseconds of CLOCK_MONOTONIC when this was gathered: all ages count from here.
    var now: MonotonicTime
    /// The same moment as a date.
    var time: String

    /// Computes what follows from the sections; those of another run than the manager's are left out.
    mutating func evaluate() {
        if let run = processes?.run {
            if broker?.run != run { broker = nil }
            if source?.run != run { source = nil }
            if publication?.run != run { publication = nil }
        }
        let known = Dictionary((publication?.pairs ?? []).map { (PairKey($0), $0) }, uniquingKeysWith: { $1 })
        published = (source?.pairs ?? []).map { known[PairKey($0)] }
        pairStates = zip(source?.pairs ?? [], published).map { PairState(desired: $0, published: $1) }
        verdict = words()
    }

    /// What `manager status` leaves with.
    var exitCode: Shared.ExitCode {
        if isRunning { return .success }
        return obstacle != nil && processes == nil ? .systemFailure : .notRunning
    }

    private func words() -> String {
        if isRunning, stateDirectory == nil {
            let reason = obstacle.map { ": \($0)" } ?? " yet"
            return
                "a manager is running (\(holder ?? "")), but has no state\(reason); its log and its health port say more"
        }
        guard isRunning else {
            if processes == nil, let obstacle { return "whether a manager is running cannot be told: \(obstacle)" }
            let left = processes == nil ? "" : "; what follows is what the last one left"
            return "no manager is running here\(left)"
        }
        if processes?.stopping == true { return "stopping" }
        guard let source, source.status != .unread else { return "the contracts have not been read yet" }
        if source.status == .missing {
            let problem = source.configMaps.compactMap(\.problem).first.map { " (\($0.code))" } ?? ""
            return "no contracts can be read from \(source.description)\(problem)"
        }
        guard let broker else { return "the broker has not been looked at yet" }
        guard broker.status == .ready else {
            return "the broker is not ready (\(broker.status.rawValue)): \(broker.detail ?? "no detail")"
        }
        return ([contracts] + rest).joined(separator: "; ") + invalidFiles(source) + absent(source)
    }

    /// Of which contracts the desired content is in the broker.
    private var contracts: String {
        let there = pairStates.filter { $0 == .published || $0 == .superseded }.count
        switch pairStates.count {
        case 0: return "the source holds no contract"
        case 1 where there == 1: return "the only contract is in the broker"
        case there: return "all \(there) contracts are in the broker"
        default:
            let verb = there == 1 || pairStates.count == 1 ? "is" : "are"
            return "\(there) of \(counted(pairStates.count, "contract")) \(verb) in the broker"
        }
    }

    /// What the number above does not say.
    private var rest: [String] {
        let phrases: [(PairState, String)] = [
            (.stale, "not in its newest revision"), (.failed, "refused"), (.publishing, "being published"),
            (.pending, "pending"), (.invalid, "without valid content"),
            (.superseded, "superseded by somebody else's later version"),
        ]
        return phrases.compactMap { state, phrase in
            let count = pairStates.filter { $0 == state }.count
            return count == 0 ? nil : "\(count) \(phrase)"
        }
    }

    /// Whole ConfigMaps that were deleted, or that nobody has seen yet.
    private func absent(_ source: SourceState) -> String {
        let deleted = source.deletedConfigMaps.map { "; ConfigMap \($0.fullName) was deleted" }.joined()
        return deleted + (source.missingParts().map { "; \($0)" } ?? "")
    }

    private func invalidFiles(_ source: SourceState) -> String {
        let count = source.invalidCount
        return count == 0 ? "" : "; \(counted(count, "file")) \(count == 1 ? "is" : "are") no valid contract"
    }
}
