import Shared

/// What one look at a source found.
struct SourceReading: Equatable, Sendable {
    var outcome: Outcome
    /// Things to know about the source itself, one sentence each, whatever the outcome.
    var warnings: [String]
    /// When the first sign of the change came that led to this reading, or when the reading began.
    var since: MonotonicTime
    /// How often the reading was begun anew because the source changed under it.
    var retries: Int
    /// Where the contracts come from now; `nil`: from where they came before.
    var origin: Origin?
    /// How each ConfigMap is followed; empty where the API is not asked.
    var configMaps: [ConfigMapState] = []
    /// Only with ``Outcome/absent(reason:)``: what a directory that stood in has held is not desired any more.
    var endsStandIn = false
    /// The content is the last good one, for this reason.
    var lostReason: String?
    /// Log lines of the source's own.
    var messages: [WatcherMessage] = []

    enum Outcome: Equatable, Sendable {
        /// The source is there.
        case content(SourceContent)
        /// The source is not there or cannot be read: one sentence with what, where and what to do.
        case absent(reason: String)
        /// The source changed during each attempt: nothing is known that was not known before.
        case unsettled(reason: String)
        /// The content is what it was; something else about the source is new.
        case unchanged
    }

    /// Where contracts come from.
    struct Origin: Equatable, Sendable {
        /// For people: `directory /pact-contracts`.
        var description: String
        /// ``SourceState/origin``.
        var text: String

        static func directory(_ description: String) -> Origin {
            Origin(description: description, text: SourceState.directoryOrigin)
        }

        /// - Parameter trouble: Why the API is not used, in a word or two.
        static func directory(_ description: String, insteadOf trouble: String) -> Origin {
            Origin(description: description, text: "\(SourceState.directoryOrigin) (API: \(trouble))")
        }

        static func api(_ description: String) -> Origin {
            Origin(description: description, text: SourceState.apiOrigin)
        }
    }

    init(outcome: Outcome, warnings: [String] = [], since: MonotonicTime, retries: Int = 0) {
        self.outcome = outcome
        self.warnings = warnings
        self.since = since
        self.retries = retries
    }
}

/// Everything a source holds at one moment.
struct SourceContent: Equatable, Sendable {
    /// Keys that should hold contracts, ordered by the bytes of their names, each key once.
    var entries: [SourceEntry] = []
    /// Keys that were passed over, ordered by name; at most ``StateLimits/ignoredKeys`` of ``ignoredCount``.
    var ignored: [SourceState.IgnoredKey] = []
    var ignoredCount = 0
    /// Keys beyond every list: only counted, invalid.
    var unlistedCount = 0

    /// Bytes read.
    var bytes: Int {
        entries.reduce(0) { sum, entry in
            if case .bytes(let bytes) = entry.content { sum + bytes.count } else { sum }
        }
    }
}

/// One key that should hold a contract.
struct SourceEntry: Equatable, Sendable {
    /// The file's or ConfigMap key's name.
    var key: String
    var content: Content
    /// The ConfigMap it is in, where there are several: a pair must not be in two of them.
    var group: String?

    enum Content: Equatable, Sendable {
        case bytes([UInt8])
        /// One sentence.
        case unusable(reason: String)
    }
}
