import FoundationEssentials
import Shared

/// What `watcher --once` prints: pure.
struct OnceReport: Equatable, Sendable {
    /// What was read, as the operator wrote it.
    let place: String
    /// Why nothing could be read.
    let problem: String?
    let warnings: [String]
    let set: DesiredSet

    /// Something of the source could not be read although the rest is here.
    private let isIncomplete: Bool

    init(place: String, outcome: SourceReading.Outcome, warnings: [String], isIncomplete: Bool = false) {
        self.place = place
        self.isIncomplete = isIncomplete
        self.warnings = warnings
        switch outcome {
        case .content(let content):
            set = DesiredSetBuilder.build(content, previous: [])
            problem = nil
        case .absent(let reason), .unsettled(let reason):
            set = DesiredSet()
            problem = reason
        case .unchanged: preconditionFailure("a single look always finds something or nothing")
        }
    }

    /// The source was read and everything in it can be published.
    var isGood: Bool {
        problem == nil && !isIncomplete && set.invalid.isEmpty && set.unlistedCount == 0
            && set.pairs.allSatisfy { $0.problem == nil }
    }

    /// A table for people.
    var text: String {
        var lines: [String] = []
        if let problem { lines.append("problem: \(problem)") }
        for warning in warnings { lines.append("warning: \(warning)") }
        if problem == nil {
            let rows = set.pairs.map(row)
            let head = ["CONSUMER", "PROVIDER", "SPEC", "INTERACTIONS", "FILES", "SHA256", "PROBLEM"]
            lines += TextTable.lines([head] + rows)
            lines.append(
                "\(counted(set.pairs.count, "pair")) from \(counted(set.keys, "key")) in \(place), "
                    + "revision \(set.revision.prefix(12))"
            )
        }
        if !set.invalid.isEmpty || set.unlistedCount > 0 {
            lines.append("")
            lines.append("invalid: \(set.invalid.count + set.unlistedCount)")
            lines += set.invalid.map { "  \($0.placed): \($0.bareReason)" }
            if set.unlistedCount > 0 { lines.append("  and \(set.unlistedCount) more beyond the limits") }
        }
        if set.ignoredCount > 0 {
            lines.append("")
            lines.append("ignored: \(set.ignoredCount)")
            lines += set.ignored.map { "  \($0.key): \($0.reason)" }
            let more = set.ignoredCount - set.ignored.count
            if more > 0 { lines.append("  and \(more) more") }
        }
        return lines.map(TextTable.escaped).joined(separator: "\n") + "\n"
    }

    /// One JSON object.
    func json() throws -> String {
        let document = Document(
            source: place,
            status: problem == nil ? "present" : "missing",
            reason: problem,
            revision: set.revision,
            keys: set.keys,
            bytes: set.bytes,
            pairs: set.pairs,
            invalid: set.invalid,
            invalidCount: set.invalid.count + set.unlistedCount,
            ignored: set.ignored,
            ignoredCount: set.ignoredCount,
            warnings: warnings
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }

    private func row(_ pair: DesiredPair) -> [String] {
        let messages = pair.messages > 0 ? " + \(counted(pair.messages, "message"))" : ""
        return [
            pair.consumer,
            pair.provider,
            pair.specification.isEmpty ? "-" : pair.specification,
            pair.sha256 == nil ? "-" : "\(pair.interactions)\(messages)",
            pair.files.prefix(3).joined(separator: ", ") + (pair.files.count > 3 ? " (\(pair.files.count) files)" : ""),
            pair.sha256.map { String($0.prefix(12)) } ?? "-",
            pair.problem ?? "",
        ]
    }

    private struct Document: Encodable {
        var source: String
        var status: String
        var reason: String?
        var revision: String
        var keys: Int
        var bytes: Int
        var pairs: [DesiredPair]
        var invalid: [SourceState.InvalidKey]
        var invalidCount: Int
        var ignored: [SourceState.IgnoredKey]
        var ignoredCount: Int
        var warnings: [String]
    }
}
