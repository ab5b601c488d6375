import Shared
import TestSupport

/// What may differ between a recorded answer and ours, and what may not.
enum TranscriptComparison {
    /// How much of an answer must be as recorded.
    enum Strictness: Sendable {
        case all
        /// The recorder left the body out, or cut it.
        case head
        /// The same, and the length depends on how well gzip packs.
        case headButLength
    }

    /// - Returns: What is wrong, or `nil`.
    static func difference(
        _ exchange: TranscriptExchange,
        _ answer: TestHTTPResponse,
        _ strictness: Strictness
    ) -> String? {
        if answer.status != exchange.status { return "status \(answer.status) instead of \(exchange.status)" }
        guard let recorded = exchange.headers else { return nil }
        if let problem = headers(recorded, answer, exchange, strictness) { return problem }
        if strictness != .all { return nil }
        let expected = normalised(exchange.body)
        let found = normalised(trimmed(answer.text))
        return found == expected ? nil : at(expected, found)
    }

    private static func headers(
        _ recorded: [(name: String, value: String)],
        _ answer: TestHTTPResponse,
        _ exchange: TranscriptExchange,
        _ strictness: Strictness
    ) -> String? {
        var expected = Dictionary(recorded.map { (canonical($0.name), value($0.value)) }) { $1 }
        var found = Dictionary(answer.headers.map { ($0.name, value($0.value)) }) { $1 }
        // Each of our requests has its own connection.
        found["Connection"] = nil
        // HTTP/2 has no chunks.
        if !exchange.isHTTP1 { found["Transfer-Encoding"] = nil }
        if strictness == .headButLength { (expected["Content-Length"], found["Content-Length"]) = (nil, nil) }
        if exchange.isHeadCut { found = found.filter { expected[$0.key] != nil } }
        if exchange.isHTTP1, recorded.map(\.name) != answer.headers.map(\.name).filter({ $0 != "Connection" }) {
            return "headers \(answer.headers.map(\.name)) instead of \(recorded.map(\.name))"
        }
        if expected == found { return nil }
        let names = Set(expected.keys).union(found.keys).filter { expected[$0] != found[$0] }.sorted()
        return names.map { "\($0): \(found[$0] ?? "none") instead of \(expected[$0] ?? "none")" }
            .joined(separator: "; ")
    }

    /// `x-kubernetes-pf-flowschema-uid` as HTTP/1.1 writes it.
    private static func canonical(_ name: String) -> String {
        name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
            .joined(separator: "-")
    }

    private static func value(_ text: String) -> String {
        let date = /(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT/
        return text.replacing(identifier, with: "ID").replacing(date, with: "DATE")
    }

    private static var identifier: Regex<Substring> {
        /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while text.last == "\n" { text.removeLast() }
        return text
    }

    /// Without moments; identifiers by the order in which they come first, so that a new one is seen as one; and equal
    /// bookmarks that follow each other as one.
    private static func normalised(_ text: String) -> String {
        var known: [Substring: Int] = [:]
        var result = text.replacing(identifier) { match in
            known[match.output] = known[match.output] ?? known.count + 1
            return "ID\(known[match.output] ?? 0)"
        }
        result = result.replacing(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/, with: "MOMENT")
        var lines: [Substring] = []
        for line in result.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("{\"type\":\"BOOKMARK\""), line == lines.last { continue }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    private static func at(_ expected: String, _ found: String) -> String {
        let same = zip(expected, found).prefix { $0 == $1 }.count
        let from = max(0, same - 60)
        return "after \(same) characters:\n  recorded: \(expected.dropFirst(from).prefix(200))\n"
            + "  ours:     \(found.dropFirst(from).prefix(200))"
    }
}
