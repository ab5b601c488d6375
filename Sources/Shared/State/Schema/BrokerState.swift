/// The publisher's small section: is the broker there? Written after every check, so it stays within 4 KiB.
package struct BrokerState: StateSectionContent {
    package static let section = StateSection.broker

    package var run: String
    /// `BROKER_URL` without credentials.
    package var url: String
    package var status: Status
    /// What the broker answered or what failed, one sentence, at most 1 KiB.
    package var detail: String?
    /// `X-Pact-Broker-Version`, if it was seen.
    package var version: String?
    /// Milliseconds of CLOCK_MONOTONIC of the last completed check, whatever its result: the age of this knowledge.
    package var checked: MonotonicTime?
    /// RFC 3339, UTC, of the last completed check.
    package var checkedAt: String?
    /// Milliseconds of CLOCK_MONOTONIC until which a request in flight may still take (its own time-out). While it is
    /// in the future, an old `checked` does not mean that the publisher is silent.
    package var requestDeadline: MonotonicTime?
    /// RFC 3339, UTC: when `status` became what it is.
    package var since: String?
    /// RFC 3339, UTC, of the last check that found the broker ready.
    package var lastSuccessAt: String?
    /// Milliseconds the last completed check took.
    package var latencyMilliseconds: Int?
    package var consecutiveFailures: Int
    /// Completed checks by status, since the start of the run.
    package var checks: [String: Int]
    /// What they took, since the start of the run. Here and not in `publication`, which a check does not rewrite.
    package var probeDuration: Histogram

    package init(run: String, url: String, status: Status = .unknown) {
        self.run = run
        self.url = url
        self.status = status
        detail = nil
        version = nil
        checked = nil
        checkedAt = nil
        requestDeadline = nil
        since = nil
        lastSuccessAt = nil
        latencyMilliseconds = nil
        consecutiveFailures = 0
        checks = [:]
        probeDuration = Histogram(bounds: HistogramBounds.brokerProbe)
    }

    /// What the last check found.
    package enum Status: String, Codable, Sendable, CaseIterable {
        /// No check has completed yet.
        case unknown
        case ready
        case refused
        case dns
        case tls
        case timeout
        /// The connection broke in another way.
        case disconnected
        /// 401.
        case unauthorized
        /// 403.
        case forbidden
        /// Another status of 400 or more.
        case httpError = "http_error"
        /// The heartbeat is well, the database is not.
        case databaseDown = "database_down"
        /// Answers, but not as a Pact Broker does.
        case notABroker = "not_a_broker"
    }
}
