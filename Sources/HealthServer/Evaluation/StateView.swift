/// What the server knows of the shared state at this moment.
struct StateView: Sendable {
    /// The last good snapshot; it outlives a state file that was lost or broken.
    var snapshot: RunSnapshot
    /// What is wrong with the state now; `nil`: readable and writable.
    var problem: StateProblem?
    /// The supervisor's tick as it can be read now, CLOCK_MONOTONIC seconds; `nil`: none can be read.
    var tick: UInt32?

    /// Before the first reading.
    static let initial = StateView(snapshot: .empty, problem: nil, tick: nil)
}

/// Why the state cannot be used as it should.
enum StateProblem: Hashable, Sendable {
    /// Missing, truncated or garbage; one sentence.
    case unreadable(String)
    /// The state directory cannot be written: read-only, full or not ours; one sentence.
    case notWritable(String)

    var detail: String {
        switch self {
        case .unreadable(let detail), .notWritable(let detail): detail
        }
    }
}
