import Shared

/// One process in the ``SupervisorSimulation``: how it behaves, and what has happened to it.
struct SimulatedProcess {
    let pid: Int32
    let spawnedAt: MonotonicTime
    /// Says READY=1 in time and then beats on time, always: such a worker must never be aborted.
    let isDiligent: Bool
    let ignoresTerminate: Bool
    let ignoresAbort: Bool
    /// When it says READY=1 or WATCHDOG=1 next by itself; `nil` for one that only random events let speak.
    var speaksAt: MonotonicTime?
    /// When a signal that it obeys ends it.
    var endsAt: MonotonicTime?
    /// It is dead, but the supervisor has not reaped it.
    var isZombie = false

    /// The first READY=1 that the supervisor has been told.
    var readySince: MonotonicTime?
    /// The last READY=1 or WATCHDOG=1.
    var lastBeat: MonotonicTime?
    /// By how much the supervisor's own lateness may have moved the deadlines of this process since its last beat.
    var forgiven = Duration.zero
    var isAborted = false
    var isTerminated = false
    var isKilled = false
    /// How long it had been ready when it was aborted, terminated or died: what the next delay depends on.
    var readyFor: Duration?

    /// Keeps how long it was ready, the first time that this ends.
    mutating func leaveReady(at time: MonotonicTime) {
        guard readyFor == nil, let readySince else { return }
        readyFor = time - readySince
    }
}
