import Shared

/// How a process ended.
enum ExitStatus: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)
}

/// What can happen to the supervisor.
enum SupervisorEvent: Equatable, Sendable {
    /// The supervisor begins.
    case start
    /// The spawn that was asked for succeeded.
    case spawned(WorkerName, pid: Int32)
    /// It failed: the failing step and its error.
    case spawnFailed(WorkerName, reason: String)
    /// A child or an adopted orphan was reaped.
    case exited(pid: Int32, ExitStatus)
    /// READY=1 from a process.
    case ready(pid: Int32)
    /// WATCHDOG=1 from a process.
    case heartbeat(pid: Int32)
    /// SIGTERM or SIGINT.
    case terminate
    /// SIGHUP.
    case reload
    /// Time has passed.
    case timer
}

/// What the loop has to do.
enum SupervisorAction: Equatable, Sendable {
    case spawn(WorkerName)
    /// Send `signal` to the process, or to its whole group.
    case signal(WorkerName, pid: Int32, signal: WorkerSignal, group: Bool)
    /// A worker died: blank the half-written slots it may have left.
    case repair(WorkerName)
    /// The workers' states changed: commit the section.
    case publish
    /// Store the tick word: this supervisor is alive.
    case tick
    case log(SupervisorLogEntry)
    /// Tell whoever started the manager.
    case service(ServiceMessage)
    /// All workers are gone: leave.
    case exit
}

/// The signals that the supervisor sends.
enum WorkerSignal: Equatable, Sendable {
    case terminate
    case abort
    case kill
}

/// One thing worth a log line.
enum SupervisorLogEntry: Equatable, Sendable {
    case exited(WorkerName, pid: Int32, ExitStatus, restartIn: Duration?)
    case spawnFailed(WorkerName, reason: String, restartIn: Duration?)
    case crashLooping(WorkerName, restarts: Int)
    case hung(WorkerName, pid: Int32, HangKind)
    case killed(WorkerName, pid: Int32)
    case stopping
    case stopHurried
    case reloading
    case reloaded
}

/// In what way a worker hangs.
enum HangKind: String, Equatable, Sendable {
    /// READY=1 did not come in time.
    case notReady = "not_ready"
    /// The heartbeat stayed away.
    case noHeartbeat = "no_heartbeat"
}
