import Logging
import Shared

/// Keeps the `broker` section and the log lines about the broker's status: pure but for the logger.
struct BrokerReport {
    private(set) var state: BrokerState
    private var loggedStatus: BrokerState.Status?
    private var loggedReason = ""
    private var waitingSince: MonotonicTime
    private var nextWarning: MonotonicTime
    private let timeout: Duration

    init(run: String, url: BrokerURL, timeout: Duration, now: MonotonicTime) {
        state = BrokerState(run: run, url: url.description)
        self.timeout = timeout
        waitingSince = now
        nextWarning = now + timeout
    }

    /// Takes the state of the check.
    ///
    /// - Returns: True if the section has to be written.
    mutating func update(
        _ check: BrokerCheck,
        version: String?,
        inFlight: (started: MonotonicTime, deadline: MonotonicTime)?,
        now: MonotonicTime,
        wall: WallClock,
        logger: Logger
    ) -> Bool {
        let before = state
        let isNew = check.completed != state.checked
        if check.shownStatus != state.status || state.since == nil { state.since = wall.rfc3339 }
        state.status = check.shownStatus
        state.detail = check.shownDetail.map { StateLimits.cut($0) }
        state.version = version
        state.checks = check.counts
        state.consecutiveFailures = check.consecutiveFailures
        state.latencyMilliseconds = check.latency.map { Int($0.milliseconds) }
        if isNew, check.completed != nil {
            state.checked = check.completed
            state.checkedAt = wall.rfc3339
            if state.status == .ready { state.lastSuccessAt = wall.rfc3339 }
        }
        // Readers need to know that we wait for an answer only when that takes unusually long.
        state.requestDeadline = inFlight.flatMap { now - $0.started > check.interval ? $0.deadline : nil }
        log(now, logger)
        return state != before
    }

    private mutating func log(_ now: MonotonicTime, _ logger: Logger) {
        guard state.status != .unknown else { return }
        // Times and counts differ from one failure to the next; that is no news.
        let reason = (state.detail ?? "").filter { !$0.isNumber }
        if state.status != loggedStatus || reason != loggedReason {
            if loggedStatus == .ready || loggedStatus == nil, state.status != .ready {
                waitingSince = now
                nextWarning = now + timeout
            }
            loggedStatus = state.status
            loggedReason = reason
            var fields: Logger.Metadata = ["broker.url": "\(state.url)", "broker.status": "\(state.status.rawValue)"]
            if let detail = state.detail { fields["reason"] = "\(detail)" }
            if let version = state.version { fields["broker.version"] = "\(version)" }
            if state.status == .ready {
                logger.info("broker is ready", metadata: fields)
            } else {
                logger.warning("broker is not ready; waiting for it", metadata: fields)
            }
        }
        if state.status != .ready, now >= nextWarning {
            nextWarning = now + .seconds(300)
            logger.warning(
                "still waiting for the broker",
                metadata: [
                    "broker.url": "\(state.url)", "broker.status": "\(state.status.rawValue)",
                    "waiting.seconds": "\((now - waitingSince).components.seconds)",
                    "reason": "\(state.detail ?? "")",
                ]
            )
        }
    }
}
