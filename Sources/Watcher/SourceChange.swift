import Logging
import Shared

/// What is new between two states of the source, in words: pure.
struct SourceChange {
    let before: SourceState
    let after: SourceState
    private let added: [DesiredPair]
    private let changed: [DesiredPair]
    private let removed: [DesiredPair]
    private let newProblems: [DesiredPair]
    private let newInvalid: [SourceState.InvalidKey]

    /// At most so many names stand in one line.
    private static let listedNames = 5

    init(before: SourceState, after: SourceState) {
        self.before = before
        self.after = after
        let old = Dictionary(before.pairs.map { (PairKey($0), $0) }) { first, _ in first }
        let new = Set(after.pairs.map(PairKey.init))
        added = after.pairs.filter { old[PairKey($0)] == nil }
        changed = after.pairs.filter { pair in
            old[PairKey(pair)].map { $0.sha256 != pair.sha256 } ?? false
        }
        removed = before.pairs.filter { !new.contains(PairKey($0)) }
        // A problem that only repeats an invalid key's is told once, with the key.
        let invalid = Set(after.invalid.map(\.key))
        newProblems = after.pairs.filter { pair in
            guard pair.problem != nil, old[PairKey(pair)]?.problem != pair.problem else { return false }
            return !pair.files.contains { invalid.contains($0) }
        }
        let told = Set(before.invalid.map { "\($0.key)\n\($0.reason)" })
        newInvalid = after.invalid.filter { !told.contains("\($0.key)\n\($0.reason)") }
    }

    /// One line for the change as a whole, one for each new reason why a key or pair is not taken.
    var messages: [WatcherMessage] {
        var messages: [WatcherMessage] = []
        if let message = statusMessage { messages.append(message) }
        if after.status == .present, before.origin != after.origin, before.status != .unread {
            let fields = ["source": after.description, "origin": after.origin]
            messages.append(WatcherMessage(.info, "contracts come from elsewhere now", fields))
        }
        let isFirst = before.status == .unread || before.status == .missing
        if after.status == .present, isFirst || hasOtherContent { messages.append(changeMessage) }
        let listed = Set(after.invalid.map(\.key))
        for key in before.invalid where after.invalidCount <= StateLimits.invalidKeys && !listed.contains(key.key) {
            messages.append(WatcherMessage(.info, "key is no longer invalid", ["key": key.key]))
        }
        for key in newInvalid {
            var fields = ["key": key.key, "reason": key.bareReason]
            if let line = key.line { fields["line"] = "\(line)" }
            if let column = key.column { fields["column"] = "\(column)" }
            if let pair = after.pairs.first(where: { $0.problem != nil && $0.files.contains(key.key) }) {
                fields["kept"] = "last good content of \(pair.consumer)/\(pair.provider)"
            }
            messages.append(WatcherMessage(.warning, "key holds no valid contract", fields))
        }
        for pair in newProblems.prefix(StateLimits.invalidKeys) { messages.append(problemMessage(pair)) }
        for warning in after.warnings where !before.warnings.contains(warning) {
            messages.append(WatcherMessage(.warning, "contract source needs attention", ["reason": warning]))
        }
        for warning in before.warnings where !after.warnings.contains(warning) && after.status == .present {
            messages.append(
                WatcherMessage(
                    .info,
                    "contract source needs no more attention",
                    ["was": StateLimits.cut(warning, to: 120)]
                )
            )
        }
        return messages
    }

    /// For the status page.
    func events(at time: WallClock) -> [StateEvent] {
        var events: [StateEvent] = []
        func add(_ message: String, _ fields: [String: String]) {
            events.append(StateEvent(time: time.rfc3339, message: message, fields: fields))
        }
        if let message = statusMessage { add(message.text, message.fields) }
        if before.revision != after.revision { add("desired set changed", changeFields) }
        for key in newInvalid.prefix(Self.listedNames) {
            add("key holds no valid contract", ["key": key.key, "reason": StateLimits.cut(key.reason, to: 200)])
        }
        for pair in newProblems.prefix(Self.listedNames) {
            let message = problemMessage(pair)
            add(message.text, message.fields.mapValues { StateLimits.cut($0, to: 200) })
        }
        return events
    }

    private var hasOtherContent: Bool {
        before.revision != after.revision || before.invalidCount < after.invalidCount
    }

    private var statusMessage: WatcherMessage? {
        let fields = ["source": after.description, "reason": after.detail ?? ""]
        switch after.status {
        case .missing where before.status != .missing || before.detail != after.detail:
            return WatcherMessage(.warning, "contract source is missing; waiting for it", fields)
        case .lost where before.status != .lost || before.detail != after.detail:
            return WatcherMessage(.warning, "contract source is lost; its last good contracts stay desired", fields)
        case .present where before.status == .missing || before.status == .lost:
            return WatcherMessage(.info, "contract source is there", ["source": after.description])
        case .unread, .missing, .lost, .present:
            return nil
        }
    }

    private var changeMessage: WatcherMessage {
        var fields = changeFields
        if before.status == .unread { fields["source"] = after.description }
        if after.keys == 0 {
            return WatcherMessage(.warning, "desired set is empty: the source holds no contract", fields)
        }
        return WatcherMessage(.info, "desired set changed", fields)
    }

    private var changeFields: [String: String] {
        var fields = ["pairs": "\(after.pairs.count)", "keys": "\(after.keys)"]
        if !added.isEmpty { fields["added"] = Self.list(added) }
        if !changed.isEmpty { fields["changed"] = Self.list(changed) }
        if !removed.isEmpty { fields["removed"] = Self.list(removed) }
        if after.invalidCount > 0 { fields["invalid"] = "\(after.invalidCount)" }
        if after.ignoredCount > 0 { fields["ignored"] = "\(after.ignoredCount)" }
        return fields
    }

    private func problemMessage(_ pair: DesiredPair) -> WatcherMessage {
        let text =
            pair.sha256 == nil
            ? "contract cannot be used" : "contract cannot be used; its last good content stays desired"
        let fields = ["consumer": pair.consumer, "provider": pair.provider, "reason": pair.problem ?? ""]
        return WatcherMessage(.warning, text, fields)
    }

    /// `3: A/B, A/C, …`
    private static func list(_ pairs: [DesiredPair]) -> String {
        let names = pairs.prefix(listedNames).map { "\($0.consumer)/\($0.provider)" }.joined(separator: ", ")
        return "\(pairs.count): \(names)" + (pairs.count > listedNames ? ", …" : "")
    }
}
