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
    /// The last check that was reported.
    private var reported: MonotonicTime?

    /// - Parameter previous: What a predecessor in the same run has found: it holds until our own first check and read
    ///   are done, and no longer than its age allows.
    init(
        run: String,
        url: BaseURL,
        timeout: Duration,
        now: MonotonicTime,
        previous: BrokerState? = nil
    ) {
        state = BrokerState(run: run, url: url.description)
        if let previous, previous.run == run, previous.url == state.url { state = previous }
        // Its request ended with it.
        state.requestDeadline = nil
        self.timeout = timeout
        waitingSince = now
        nextWarning = now + timeout
    }

    /// Takes the state of the check.
    ///
    /// A check that finds the broker well is no news before the read that belongs to it: what came back may be another
    /// broker, or an emptied one, and whoever hears "ready" takes the pairs that were proven before for present.
    ///
    /// - Parameters:
    ///   - pendingRead: That read is still to come.
    ///   - stalenessLimit: When what was reported last is older than that, a read that fails is what is wrong.
    /// - Returns: True if the section has to be written.
    mutating func update(
        _ check: BrokerCheck,
        pendingRead: PublicationPlan.PendingRead? = nil,
        stalenessLimit: Duration = .zero,
        version: String?,
        inFlight: (started: MonotonicTime, deadline: MonotonicTime)?,
        now: MonotonicTime,
        wall: WallClock,
        logger: Logger
    ) -> Bool {
        let before = state
        if check.completed == nil {
            // Nothing to say of our own yet.
        } else if let pendingRead {
            let isOld = state.checked.map { now - $0 > stalenessLimit } ?? true
            if let failure = pendingRead.failure, isOld || failure.isRefusal || state.status != .ready {
                report(failure.status, failure.text, check, now, wall)
            }
        } else {
            report(check.shownStatus, check.shownDetail, check, now, wall)
        }
        if state.since == nil { state.since = wall.rfc3339 }
        // A process that has had no answer yet leaves what its predecessor knew.
        state.version = version ?? state.version
        state.requestDeadline = deadline(inFlight, check.interval, stalenessLimit, now)
        if check.completed != nil { log(now, logger) }
        return state != before
    }

    /// Until when an old check does not mean that nobody looks.
    ///
    /// Readers need to know that we wait for an answer only when that takes unusually long: the request itself, or the
    /// chain of requests since the last complete check. The chain must not have been broken: who was stopped, or has
    /// just been started, knows nothing until it has looked.
    private func deadline(
        _ inFlight: (started: MonotonicTime, deadline: MonotonicTime)?,
        _ interval: Duration,
        _ stalenessLimit: Duration,
        _ now: MonotonicTime
    ) -> MonotonicTime? {
        guard let inFlight else { return nil }
        guard let checked = state.checked else { return now - inFlight.started > interval ? inFlight.deadline : nil }
        let age = now - checked
        guard now - inFlight.started > interval || age * 2 > stalenessLimit else { return nil }
        let wasWaiting = state.requestDeadline.map { $0 + interval >= now } ?? false
        let isUnbroken = wasWaiting || (reported != nil && age <= stalenessLimit)
        return isUnbroken ? inFlight.deadline : nil
    }

    private mutating func report(
        _ status: BrokerState.Status,
        _ detail: String?,
        _ check: BrokerCheck,
        _ now: MonotonicTime,
        _ wall: WallClock
    ) {
        if status != state.status { state.since = wall.rfc3339 }
        state.status = status
        state.detail = detail.map { StateLimits.cut($0) }
        state.checks = check.counts
        state.probeDuration = check.durations
        state.consecutiveFailures = check.consecutiveFailures
        state.latencyMilliseconds = check.latency.map { Int($0.milliseconds) }
        guard let completed = check.completed, completed != reported else { return }
        reported = completed
        // The read that belongs to it has just been answered.
        state.checked = now
        state.checkedAt = wall.rfc3339
        if status == .ready { state.lastSuccessAt = wall.rfc3339 }
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
