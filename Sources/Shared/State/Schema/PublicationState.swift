/// The publisher's section: what is proven to be in the broker.
package struct PublicationState: StateSectionContent {
    package static let section = StateSection.publication

    package var run: String
    /// `SourceState.revision` of the desired set this section answers to.
    package var sourceRevision: String
    /// The broker's `/pacts/latest` was read at least once in this run.
    package var verifiedOnce: Bool
    /// RFC 3339, UTC, of the last bulk read.
    package var verifiedAt: String?
    /// Ordered by consumer, then provider, by UTF-8 bytes.
    package var pairs: [PublishedPair]
    /// Pairs still to be published or verified.
    package var queueLength: Int
    package var counters: Counters
    /// Things to know, one sentence each (GIT_COMMIT not set and the like).
    package var warnings: [String]
    package var events: [StateEvent]

    package init(run: String) {
        self.run = run
        sourceRevision = ""
        verifiedOnce = false
        verifiedAt = nil
        pairs = []
        queueLength = 0
        counters = Counters()
        warnings = []
        events = []
    }

    /// Counted since the start of the run.
    package struct Counters: Codable, Equatable, Sendable {
        /// By result: `created`, `unchanged`, `conflict`, `similar_name`, `rejected`, `unauthorized`, `unavailable`, `timeout`.
        package var attempts: [String: Int]
        /// By kind: `missing`, `not_latest`, `different`.
        package var repairs: [String: Int]
        package var requests: Int
        /// What publications took, one for each request, whatever the answer.
        package var publishDuration: Histogram
        /// From a change of the source to the proof of all contracts that it changed.
        package var changeToPublished: Histogram
        /// The revision of the source whose changes were measured last, so that none is measured twice.
        package var measuredRevision: String

        package init(attempts: [String: Int] = [:], repairs: [String: Int] = [:], requests: Int = 0) {
            self.attempts = attempts
            self.repairs = repairs
            self.requests = requests
            publishDuration = Histogram(bounds: HistogramBounds.publish)
            changeToPublished = Histogram(bounds: HistogramBounds.changeToPublished)
            measuredRevision = ""
        }

        /// These as a new process of the same run goes on counting them.
        package var carriedOver: Counters {
            var counters = self
            counters.publishDuration = .carriedOver(publishDuration, bounds: HistogramBounds.publish)
            counters.changeToPublished = .carriedOver(changeToPublished, bounds: HistogramBounds.changeToPublished)
            return counters
        }
    }
}

/// What is known of one pair in the broker.
package struct PublishedPair: Codable, Equatable, Sendable {
    package var consumer: String
    package var provider: String
    /// SHA-256 of our content that is proven to be in the broker, by the broker's answer and a later read.
    package var verifiedSHA256: String?
    /// The consumer version number under which it is there.
    package var version: String?
    /// The broker's `createdAt`, as it was sent.
    package var publishedAt: String?
    /// RFC 3339, UTC, of the last read that confirmed it.
    package var verifiedAt: String?
    /// The broker's pact-version SHA, recorded by the rolling check.
    package var pactVersionSHA: String?
    /// SHA-256 of the content being sent at this moment.
    package var publishingSHA256: String?
    /// The last refusal, if what is desired was refused for good.
    package var failure: Failure?
    /// The last failed attempt that will be repeated by itself (broker unavailable and the like); one sentence.
    package var lastError: String?
    /// Somebody else's later version that `/latest` names, after our answers to it were used up.
    package var superseded: Superseded?
    package var attempts: Int
    /// RFC 3339, UTC, of the next attempt, while one is scheduled.
    package var nextAttemptAt: String?

    package init(consumer: String, provider: String) {
        self.consumer = consumer
        self.provider = provider
        verifiedSHA256 = nil
        version = nil
        publishedAt = nil
        verifiedAt = nil
        pactVersionSHA = nil
        publishingSHA256 = nil
        failure = nil
        lastError = nil
        superseded = nil
        attempts = 0
        nextAttemptAt = nil
    }

    /// A refusal for good: repeated slowly, and at once when the content changes (`overwritten` is not repeated).
    package struct Failure: Codable, Equatable, Sendable {
        /// SHA-256 of the refused content.
        package var sha256: String
        /// `conflict`, `similar_name`, `rejected`, `broker_error`; `overwritten` when somebody else went on writing other
        /// content under our version.
        package var kind: String
        /// The HTTP status, if the broker answered.
        package var httpStatus: Int?
        /// The broker's own text, at most 1 KiB.
        package var reason: String
        /// JSON paths that differ, for a content conflict; at most 5.
        package var jsonPaths: [String]

        /// The reason, with the places that differ where the broker has named them, in one line.
        package var explanation: String {
            jsonPaths.isEmpty ? reason : "\(reason) (differs at \(jsonPaths.joined(separator: ", ")))"
        }

        package init(sha256: String, kind: String, httpStatus: Int?, reason: String, jsonPaths: [String] = []) {
            self.sha256 = sha256
            self.kind = kind
            self.httpStatus = httpStatus
            self.reason = reason
            self.jsonPaths = jsonPaths
        }
    }

    /// Somebody else's version that is the latest of the pair.
    package struct Superseded: Codable, Equatable, Sendable {
        package var version: String
        package var createdAt: String?

        package init(version: String, createdAt: String?) {
            self.version = version
            self.createdAt = createdAt
        }
    }
}
