import Shared

/// The restart policy once more, written from the design and not from the code: what the simulation expects.
struct SimulatedBackoff {
    /// Restarts in a row that came too soon.
    private(set) var attempts = 0
    let base: Duration
    let maximum: Duration

    init(_ worker: WorkerName) {
        base = worker == .healthServer ? .milliseconds(50) : .milliseconds(100)
        maximum = worker == .healthServer ? .milliseconds(250) : .seconds(30)
    }

    /// Ten seconds of readiness start it anew, however the process ended.
    mutating func noteReadiness(_ readyFor: Duration?) {
        if let readyFor, readyFor >= .seconds(10) { attempts = 0 }
    }

    /// The range in which the next delay must lie.
    mutating func nextDelay(readyFor: Duration?) -> ClosedRange<Duration> {
        if let readyFor, readyFor >= .seconds(1) { return .zero ... .zero }
        attempts += 1
        var bound = base
        for _ in 1..<max(2, min(attempts, 40)) where attempts > 1 { bound = min(bound * 2, maximum) }
        return bound / 2...bound
    }
}
