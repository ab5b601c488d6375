import Logging
import Shared

/// What the watcher knows of its source, and what a new look changes: pure.
///
/// | Status | Reading | New status | Desired set |
/// |---|---|---|---|
/// | unread, missing | absent | missing | none |
/// | present, lost | absent | lost | the last good one |
/// | the same, from a directory that stood in | absent, says the API | missing | none |
/// | any | content | present; lost if the reading says so | what the content says |
/// | any | unchanged | the same; present ↔ lost if the reading says so | the same |
/// | any | unsettled | the same | the same |
struct SourceStateMachine: Equatable, Sendable {
    /// What the section should say.
    private(set) var state: SourceState
    /// What the present desired set was made from, with its contracts' bytes left out.
    private var lastContentHash: Int?

    /// - Parameter previous: What the section holds. Of another run it is history and not used.
    init(run: String, description: String, previous: SourceState?) {
        if let previous, previous.run == run {
            state = previous
        } else {
            state = SourceState(run: run, description: description, status: .unread)
        }
    }

    /// What a reading asks for.
    struct Outcome: Equatable, Sendable {
        /// The section must be written: it says something else now.
        var needsCommit = false
        /// Contracts to store before that, by their SHA-256.
        var contents: [String: [UInt8]] = [:]
        var messages: [WatcherMessage] = []
    }

    /// Takes a reading in.
    ///
    /// - Parameter needsContents: Some stored contracts are missing: give all bytes again even if nothing changed.
    mutating func handle(_ reading: SourceReading, needsContents: Bool = false, at time: WallClock) -> Outcome {
        let before = state
        var outcome = Outcome(messages: reading.messages)
        state.counters.reads += 1
        state.counters.readRetries += reading.retries
        state.configMaps = reading.configMaps
        if let origin = reading.origin {
            state.origin = origin.text
            state.description = origin.description
        }
        switch reading.outcome {
        case .content(let content):
            let hash = Self.hash(content)
            if needsContents || hash != lastContentHash || before.status != .present || before.origin != state.origin {
                let set = DesiredSetBuilder.build(content, previous: state.pairs)
                adopt(set, since: reading.since, at: time)
                outcome.contents = set.contents
                lastContentHash = hash
            }
            settle(reading)
        case .absent(let reason):
            state.counters.failures += 1
            let endsStandIn = reading.endsStandIn && before.isFallback
            if endsStandIn { adopt(DesiredSet(), since: reading.since, at: time) }
            state.status = before.hasContent && !endsStandIn ? .lost : .missing
            state.detail = StateLimits.cut(reason)
        case .unsettled(let reason):
            state.counters.failures += 1
            outcome.messages.append(
                WatcherMessage(.debug, "contract source changes while it is read", ["reason": reason])
            )
            return outcome
        case .unchanged:
            state.counters.reads -= 1
            if reading.origin != nil, before.hasContent { settle(reading) }
        }
        // A source that does not say where contracts come from says nothing of what is odd about them either.
        if reading.outcome != .unchanged || reading.origin != nil {
            state.warnings = (reading.warnings + compressed).map { StateLimits.cut($0) }
        }
        outcome.needsCommit = !state.saysTheSame(as: before)
        if outcome.needsCommit {
            let report = SourceChange(before: before, after: state)
            if before.revision != state.revision { state.counters.changes += 1 }
            for event in report.events(at: time) { state.events.record(event) }
            outcome.messages += report.messages
        }
        return outcome
    }

    /// What is desired is known; whether it is the newest, the reading says.
    private mutating func settle(_ reading: SourceReading) {
        state.status = reading.lostReason == nil ? .present : .lost
        state.detail = (reading.lostReason ?? reading.warnings.first).map { StateLimits.cut($0) }
    }

    /// Whoever compresses a contract means it to be published.
    private var compressed: [String] {
        let keys = state.ignored.map(\.key).filter { $0.hasSuffix(".json.gz") }
        guard let first = keys.first else { return [] }
        let rest = keys.count > 1 ? " and \(keys.count - 1) more are" : " is"
        return ["\(first)\(rest) ignored: \(ContractGrouping.reasonToIgnore(first) ?? "")"]
    }

    private mutating func adopt(_ set: DesiredSet, since: MonotonicTime, at time: WallClock) {
        let revision = set.revision
        if revision != state.revision { state.changed = since }
        state.revision = revision
        state.readAt = time.rfc3339
        state.pairs = set.pairs
        state.invalid = Array(set.invalid.prefix(StateLimits.invalidKeys))
        state.invalidCount = set.invalid.count + set.unlistedCount
        state.ignored = set.ignored
        state.ignoredCount = set.ignoredCount
        state.keys = set.keys
        state.bytes = set.bytes
    }

    /// Names the whole content within this process, so that a reading that found nothing new costs no parsing. Seeded
    /// anew in each process: nobody can make two contents that collide.
    private static func hash(_ content: SourceContent) -> Int {
        var hasher = Hasher()
        for entry in content.entries {
            hasher.combine(entry.key)
            switch entry.content {
            case .bytes(let bytes):
                hasher.combine(bytes.count)
                bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
            case .unusable(let reason):
                hasher.combine(-1)
                hasher.combine(reason)
            }
        }
        for key in content.ignored {
            hasher.combine(key.key)
            hasher.combine(key.reason)
        }
        hasher.combine(content.ignoredCount)
        hasher.combine(content.unlistedCount)
        return hasher.finalize()
    }
}

extension SourceState {
    /// The source was read in this run.
    var hasContent: Bool {
        switch status {
        case .present, .lost: true
        case .unread, .missing: false
        }
    }

    /// Equal but for what changes with each reading: the time of it and the counters.
    func saysTheSame(as other: SourceState) -> Bool {
        var a = self
        var b = other
        a.readAt = nil
        b.readAt = nil
        a.counters = Counters()
        b.counters = Counters()
        return a == b
    }
}
