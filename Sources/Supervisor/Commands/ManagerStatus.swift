import Shared

/// What `manager status` shows, gathered: the sections of one run, and what the kernel says of the workers.
struct ManagerStatus: Encodable, Equatable {
    /// A manager lives and owns the state directory.
    var isRunning: Bool
    /// Its pid, host and start, as it wrote them beside its lock; only while it runs.
    var holder: String?
    var stateDirectory: String?
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

    private func words() -> String {
        guard isRunning else {
            let left = processes == nil ? "" : "; what follows is what the last one left"
            return "no manager is running here\(left)"
        }
        if processes?.stopping == true { return "stopping" }
        guard let source, source.status != .unread else { return "the contracts have not been read yet" }
        if source.status == .missing { return "the contracts are missing: \(source.description)" }
        guard let broker else { return "the broker has not been looked at yet" }
        guard broker.status == .ready else {
            return "the broker is not ready (\(broker.status.rawValue)): \(broker.detail ?? "no detail")"
        }
        let there = pairStates.filter(\.isReady).count
        if pairStates.isEmpty { return "the source holds no contract" }
        if there == pairStates.count { return "all \(there) contracts are in the broker" }
        return "\(there) of \(pairStates.count) contracts are in the broker"
    }
}
