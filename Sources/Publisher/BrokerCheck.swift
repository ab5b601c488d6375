import Shared
import SharedHTTP

/// Is the broker there, and is it one? Heartbeat, dependencies and, once per connection, the index; pure.
///
/// | Stage | Answer | Next |
/// |---|---|---|
/// | idle | due | heartbeat |
/// | heartbeat | alive | dependencies |
/// | dependencies | database up | index if not seen since the broker was last away, else ready |
/// | index | index of a Pact Broker | ready |
/// | any | anything else | the status that it means; idle |
struct BrokerCheck: Equatable, Sendable {
    let interval: Duration
    private(set) var status = BrokerState.Status.unknown
    private(set) var detail: String?
    /// Something that reads do not show: our publications are refused (read-only credentials, no such path).
    private(set) var refusal: Refusal?
    private(set) var due: MonotonicTime
    private(set) var consecutiveFailures = 0
    private(set) var completed: MonotonicTime?
    private(set) var latency: Duration?
    private(set) var lastSuccess: MonotonicTime?
    /// Completed checks by status.
    private(set) var counts: [String: Int] = [:]
    /// What they took.
    private(set) var durations = Histogram(bounds: HistogramBounds.brokerProbe)
    /// How the broker takes contracts, by the index that was seen last.
    private(set) var way = PublishingWay.batches
    private var stage = Stage.idle
    private var hasSeenIndex = false
    private var spent = Duration.zero

    /// Why publications fail although the checks are well.
    struct Refusal: Equatable, Sendable {
        var status: BrokerState.Status
        var text: String
    }

    private enum Stage: Sendable {
        case idle
        case heartbeat
        case dependencies
        case index
    }

    init(interval: Duration, now: MonotonicTime) {
        self.interval = interval
        due = now
    }

    /// Goes on counting where a predecessor in the same run has stopped.
    mutating func restore(_ previous: BrokerState) {
        counts = previous.checks
        durations = .carriedOver(previous.probeDuration, bounds: HistogramBounds.brokerProbe)
    }

    /// The last check found a working broker.
    var isReady: Bool { status == .ready }

    /// A check is under way or due.
    func isDue(_ now: MonotonicTime) -> Bool { stage != .idle || due <= now }

    /// What people are told.
    var shownStatus: BrokerState.Status { isReady ? refusal?.status ?? .ready : status }
    var shownDetail: String? { isReady ? refusal?.text : detail }

    /// Publications are refused although reads are not.
    mutating func refuse(_ status: BrokerState.Status, _ text: String) {
        refusal = Refusal(status: status, text: text)
    }

    /// A publication was taken, or nothing is left to be refused, or the credentials are others.
    mutating func endRefusal() { refusal = nil }

    /// Looks again at once: something else has failed.
    mutating func expedite(_ now: MonotonicTime) {
        if isReady { due = min(due, now) }
    }

    /// Looks again at once although the broker was not well: something on our side has changed.
    mutating func restart(_ now: MonotonicTime) {
        due = min(due, now)
    }

    /// The next request of a check that is under way or due.
    mutating func nextRequest() -> BrokerRequest {
        switch stage {
        case .idle:
            stage = .heartbeat
            spent = .zero
            return .heartbeat
        case .heartbeat: return .heartbeat
        case .dependencies: return .dependencies
        case .index: return .index
        }
    }

    /// Takes the answer to the request of ``nextRequest()``.
    ///
    /// - Returns: True if the check is complete.
    mutating func handle(_ outcome: BrokerOutcome, took: Duration, now: MonotonicTime, random: Double) -> Bool {
        spent += took
        switch (stage, outcome) {
        case (.heartbeat, .alive): stage = .dependencies
        case (.dependencies, .databaseUp):
            if hasSeenIndex { return complete(.ready, nil, now, random) }
            stage = .index
        case (.index, .index(let way)):
            guard way != .none else {
                let text = "the index at BROKER_URL offers no way to publish a pact; is it a Pact Broker?"
                return complete(.notABroker, text, now, random)
            }
            self.way = way
            hasSeenIndex = true
            return complete(.ready, nil, now, random)
        default:
            let (status, text, wait) = BrokerCheck.failure(outcome)
            return complete(status, text, now, random, notBefore: wait)
        }
        return false
    }

    private mutating func complete(
        _ status: BrokerState.Status,
        _ detail: String?,
        _ now: MonotonicTime,
        _ random: Double,
        notBefore wait: Duration? = nil
    ) -> Bool {
        self.status = status
        self.detail = detail
        stage = .idle
        completed = now
        latency = spent
        counts[status.rawValue, default: 0] += 1
        durations.observe(spent)
        guard status != .ready else {
            consecutiveFailures = 0
            lastSuccess = now
            due = now + interval
            return true
        }
        consecutiveFailures += 1
        // Whatever comes back may be another server.
        hasSeenIndex = false
        // Sooner than the interval at first: a broker that is just starting should not cost a whole interval. Never
        // later than 30 s, and whatever a proxy asks for, never so late that what we know gets too old.
        let limit = min(interval, .seconds(30))
        let backoff = Backoff(maximum: limit * 2).delay(attempt: consecutiveFailures, random: random)
        due = now + max(min(limit, backoff), min(wait ?? .zero, interval * 2))
        return true
    }

    /// What an answer that no request of a check or a read hopes for says about the broker, and how long it asks to wait.
    static func failure(_ outcome: BrokerOutcome) -> (BrokerState.Status, String, Duration?) {
        switch outcome {
        case .transient(let transient):
            switch transient.cause {
            case .http: return (.httpError, transient.text, transient.retryAfter)
            case .transport(let kind): return (status(of: kind), transient.text, nil)
            }
        case .unauthorized(let text): return (.unauthorized, text, nil)
        case .forbidden(let text): return (.forbidden, text, nil)
        case .databaseDown(let text): return (.databaseDown, text, nil)
        case .rejected(_, let text), .brokerError(let text, _), .contentConflict(let text, _),
            .similarName(let text, _):
            return (.httpError, text, nil)
        case .notABroker(let text), .noSuchEndpoint(let text): return (.notABroker, text, nil)
        case .absent: return (.httpError, "404 for something that every Pact Broker has", nil)
        case .alive, .databaseUp, .index, .latest, .pact, .published, .created:
            preconditionFailure("an answer to a request that was not made")
        }
    }

    private static func status(of kind: TransportError.Kind) -> BrokerState.Status {
        switch kind {
        case .refused: .refused
        case .dns: .dns
        case .tls: .tls
        case .timeout: .timeout
        case .disconnected, .tooLarge, .cancelled, .other: .disconnected
        }
    }
}
