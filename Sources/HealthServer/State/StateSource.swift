internal import Shared

/// Where the sections come from. Used by several threads.
protocol StateSource: Sendable {
    /// Brings `sections` up to date. What cannot be read now keeps its last good content.
    ///
    /// - Returns: What is wrong with the state; `nil`: nothing.
    func update(_ sections: inout StateSections) -> StateProblem?
    /// A word that differs after any change; cheap.
    func changeWord() -> UInt32
    /// Returns when the change word is no longer `word`, or after `timeout`.
    func waitForChange(after word: UInt32, timeout: Duration)
    /// Wakes all processes that wait for a change.
    func wakeEverybody()
    /// CLOCK_MONOTONIC seconds of the supervisor's last sign of life; `nil` if none can be read.
    func supervisorTick() -> UInt32?
}
