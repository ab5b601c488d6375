import Shared

/// The times that govern one worker (docs/architecture.md).
struct WorkerPolicy: Equatable, Sendable {
    var backoff: RestartBackoff
    /// A worker that does not say READY=1 within this counts as hung.
    var readyDeadline: Duration
    /// A worker that was ready for this long is started again at once.
    var immediateRestartAfter: Duration = .seconds(1)
    /// Readiness for this long starts the backoff anew.
    var stablePeriod: Duration = .seconds(10)
    /// How long a heartbeat may stay away.
    var watchdogLimit: Duration
    /// What a silent worker gets on top, counted from when we are awake to see it: until a moment ago the machine may
    /// have stood still, and the worker with it.
    var lastCall: Duration = .milliseconds(250)
    /// From SIGABRT to SIGKILL for a hung worker.
    var abortGrace: Duration = .seconds(1)
    /// From SIGTERM to SIGKILL in the ordered stop.
    var stopGrace: Duration

    /// The policy of each worker. The graces of all three add up to less than 5 s.
    static func standard(_ worker: WorkerName) -> WorkerPolicy {
        switch worker {
        case .healthServer:
            WorkerPolicy(
                backoff: RestartBackoff(base: .milliseconds(50), maximum: .milliseconds(250)),
                readyDeadline: .seconds(10),
                watchdogLimit: .seconds(3),
                stopGrace: .milliseconds(1500)
            )
        case .watcher:
            WorkerPolicy(
                backoff: RestartBackoff(base: .milliseconds(100), maximum: .seconds(30)),
                readyDeadline: .seconds(30),
                watchdogLimit: .seconds(30),
                stopGrace: .seconds(1)
            )
        case .publisher:
            WorkerPolicy(
                backoff: RestartBackoff(base: .milliseconds(100), maximum: .seconds(30)),
                readyDeadline: .seconds(30),
                watchdogLimit: .seconds(30),
                stopGrace: .seconds(2)
            )
        }
    }
}
