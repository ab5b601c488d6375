/// The watcher's section: which contracts should be in the broker.
package struct SourceState: StateSectionContent {
    package static let section = StateSection.source

    package var run: String
    /// Where contracts come from, for people: `directory /pact-contracts`, `ConfigMap pact/pact-contracts`.
    package var description: String
    /// How they come in just now: `directory`, `API`, or `directory (API: forbidden)` while the API cannot be used.
    package var origin: String
    /// One for each name in `CONFIGMAP_NAME`, in that order, where the API is asked; else empty.
    package var configMaps: [ConfigMapState]
    package var status: Status
    /// Why the status is not `present`, or what is odd although it is; one sentence, at most 1 KiB.
    package var detail: String?
    /// Changes whenever the desired set was read anew with another content: SHA-256 over pairs and contents, hex.
    package var revision: String
    /// RFC 3339, UTC, of the last good read.
    package var readAt: String?
    /// Milliseconds of CLOCK_MONOTONIC of the change that led to this desired set (event received or first seen).
    package var changed: MonotonicTime?
    /// Files or keys seen in the last good read, valid or not, ignored ones not counted.
    package var keys: Int
    /// Bytes of those.
    package var bytes: Int
    /// The desired set, ordered by consumer, then provider, by UTF-8 bytes.
    package var pairs: [DesiredPair]
    /// At most 100; `invalidCount` counts all.
    package var invalid: [InvalidKey]
    package var invalidCount: Int
    /// At most 20; `ignoredCount` counts all.
    package var ignored: [IgnoredKey]
    package var ignoredCount: Int
    /// Things to know about the source itself (a subPath mount, no inotify), one sentence each.
    package var warnings: [String]
    package var counters: Counters
    package var events: [StateEvent]

    package static let directoryOrigin = "directory"
    package static let apiOrigin = "API"

    /// Names of ConfigMaps that were not there yet in this run, although contracts come through the API.
    package var missingConfigMaps: [ConfigMapState] {
        guard origin == SourceState.apiOrigin, configMaps.contains(where: \.wasDelivered) else { return [] }
        return configMaps.filter { !$0.wasDelivered }
    }

    package init(run: String, description: String, status: Status) {
        self.run = run
        self.description = description
        origin = SourceState.directoryOrigin
        configMaps = []
        self.status = status
        detail = nil
        revision = ""
        readAt = nil
        changed = nil
        keys = 0
        bytes = 0
        pairs = []
        invalid = []
        invalidCount = 0
        ignored = []
        ignoredCount = 0
        warnings = []
        counters = Counters()
        events = []
    }

    /// Whether the source could be read.
    package enum Status: String, Codable, Sendable {
        /// Not read yet in this run.
        case unread
        /// Read; `pairs` is what it said.
        case present
        /// Not there since the start of this run.
        case missing
        /// Read in this run, not readable now: `pairs` is the last good set.
        case lost
    }

    /// A key (file) that holds no valid contract.
    package struct InvalidKey: Codable, Equatable, Sendable {
        package var key: String
        /// One sentence, naming field, line and column where there is one.
        package var reason: String
        package var line: Int?
        package var column: Int?

        package init(key: String, reason: String, line: Int? = nil, column: Int? = nil) {
            self.key = key
            self.reason = reason
            self.line = line
            self.column = column
        }
    }

    /// A key that is passed over on purpose.
    package struct IgnoredKey: Codable, Equatable, Sendable {
        package var key: String
        package var reason: String

        package init(key: String, reason: String) {
            self.key = key
            self.reason = reason
        }
    }

    /// Counted since the start of the run.
    package struct Counters: Codable, Equatable, Sendable {
        package var reads: Int
        package var readRetries: Int
        package var changes: Int
        package var failures: Int

        package init(reads: Int = 0, readRetries: Int = 0, changes: Int = 0, failures: Int = 0) {
            self.reads = reads
            self.readRetries = readRetries
            self.changes = changes
            self.failures = failures
        }
    }
}

/// One (consumer, provider) pair that should be in the broker.
package struct DesiredPair: Codable, Equatable, Sendable {
    package var consumer: String
    package var provider: String
    /// SHA-256, lower-case hex, of the bytes in `contracts/<sha256>.json`. `nil`: no valid content was ever read in this
    /// run, `problem` says why.
    package var sha256: String?
    package var bytes: Int
    /// The files (keys) merged into the content, in file-name order.
    package var files: [String]
    /// For example `3.0.0`; empty where the contract names none.
    package var specification: String
    package var interactions: Int
    package var messages: Int
    /// Oddities that break nothing.
    package var warnings: [String]
    /// The newest files of the pair are invalid or in conflict: `sha256` is the last good content, if any.
    package var problem: String?

    package init(
        consumer: String,
        provider: String,
        sha256: String?,
        bytes: Int = 0,
        files: [String] = [],
        specification: String = "",
        interactions: Int = 0,
        messages: Int = 0,
        warnings: [String] = [],
        problem: String? = nil
    ) {
        self.consumer = consumer
        self.provider = provider
        self.sha256 = sha256
        self.bytes = bytes
        self.files = files
        self.specification = specification
        self.interactions = interactions
        self.messages = messages
        self.warnings = warnings
        self.problem = problem
    }
}
