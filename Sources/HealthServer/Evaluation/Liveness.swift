internal import Shared

/// Whether the manager runs: 503 only when *we* are wedged, never because of a broker, a source or a state file.
struct Liveness: Equatable, Sendable {
    var isAlive: Bool
    /// A manager of this boot watches over this process.
    var isSupervised: Bool
    /// Age of the supervisor's tick, if one of this very run was seen.
    var tickAge: Duration?

    static let silentCode = "supervisor_silent"
    static let silentDetail = "the supervisor gave no sign of life for more than 30 s"

    init(_ situation: Situation) {
        let rules = situation.rules
        let manager = situation.sections.processes?.manager
        isSupervised = rules.isSupervised && (manager == nil || manager?.bootID == rules.bootID)
        guard isSupervised, let manager, let tick = situation.view.tick else {
            isAlive = true
            tickAge = nil
            return
        }
        // A word from before this supervisor's start is the tick of the run before it, in a file that survived.
        guard Int64(tick) >= manager.started.nanoseconds / 1_000_000_000 else {
            isAlive = true
            tickAge = nil
            return
        }
        let age = max(.zero, situation.now - MonotonicTime(nanoseconds: Int64(tick) * 1_000_000_000))
        tickAge = age
        isAlive = age <= EvaluationRules.tickLimit
    }
}
