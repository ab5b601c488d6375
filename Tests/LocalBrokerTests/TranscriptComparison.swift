import TestSupport

/// What may differ between a recorded answer and ours, and what may not.
enum TranscriptComparison {
    /// How much of an answer must be as recorded.
    enum Strictness: Sendable {
        /// Status, headers, every byte shown and the length.
        case all
        /// Not the length, which tells about what the recorder cut off.
        case allButLength
        case statusOnly
    }

    /// - Returns: What is wrong, or `nil`.
    static func difference(
        _ exchange: TranscriptExchange,
        _ answer: TestHTTPResponse,
        _ strictness: Strictness
    ) -> String? {
        if answer.status != exchange.status { return "status \(answer.status) instead of \(exchange.status)" }
        if exchange.isHeadCut || strictness == .statusOnly { return nil }
        for header in ["content-type", "allow", "www-authenticate", "location", "x-pact-consumer-version", "vary"] {
            let (expected, found) = (exchange.headers[header], answer.header(header))
            if expected != found { return "\(header): \(found ?? "none") instead of \(expected ?? "none")" }
        }
        var expected = normalised(exchange.body)
        // The recorder may have cut inside a moment.
        if exchange.isCut { expected = expected.replacing(/\d{4}-[\d:T-]*$/, with: "") }
        var found = normalised(answer.text)
        // The recording does not tell whether a body ended with a line feed; the length does.
        if !exchange.isCut, found.hasSuffix("\n") { found.removeLast() }
        if exchange.isCut ? !found.hasPrefix(expected) : found != expected { return at(expected, found) }
        // The length tells whether what was cut off is the same too.
        let lengths = [exchange.headers["content-length"], answer.header("content-length")].map { $0 ?? "none" }
        if strictness == .allButLength || answer.status == 304 { return nil }
        if lengths[0] == lengths[1] || expected.contains("JSON ERROR") { return nil }
        return "length \(lengths[1]) instead of \(lengths[0])"
    }

    /// Without moments, references and the words of the JSON parser, which no client may rely on.
    private static func normalised(_ text: String) -> String {
        var result = text.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00/, with: "MOMENT")
        result = result.replacing(/\d\d\/\d\d\/\d{4}/, with: "DAY")
        result = result.replacing(/reference [A-Za-z]{10}/, with: "reference R")
        result = result.replacing(/"reference":"[A-Za-z]{10}"/, with: "\"reference\":\"R\"")
        return result.replacing(/JSON::(Parser|Nesting)Error - .*("|$)/, with: "JSON ERROR")
    }

    private static func at(_ expected: String, _ found: String) -> String {
        let same = zip(expected, found).prefix { $0 == $1 }.count
        let from = max(0, same - 60)
        return "after \(same) characters:\n  recorded: \(expected.dropFirst(from).prefix(200))\n"
            + "  ours:     \(found.dropFirst(from).prefix(200))"
    }
}
