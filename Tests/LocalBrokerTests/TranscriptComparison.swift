import TestSupport

/// What may differ between a recorded answer and ours, and what may not.
enum TranscriptComparison {
    /// - Returns: What is wrong, or `nil`.
    static func difference(_ exchange: TranscriptExchange, _ answer: TestHTTPResponse) -> String? {
        if answer.status != exchange.status { return "status \(answer.status) instead of \(exchange.status)" }
        for header in ["content-type", "allow", "www-authenticate", "location", "x-pact-consumer-version", "vary"] {
            let (expected, found) = (exchange.headers[header], answer.header(header))
            if expected != found { return "\(header): \(found ?? "none") instead of \(expected ?? "none")" }
        }
        let expected = normalised(exchange.body)
        let found = normalised(answer.text)
        if exchange.isCut {
            if !found.hasPrefix(expected) { return at(expected, found) }
            // The whole length tells whether what was cut off is the same too.
            let length = exchange.headers["content-length"]
            return length == answer.header("content-length")
                ? nil : "length \(answer.header("content-length") ?? "none") instead of \(length ?? "none")"
        }
        return expected == found ? nil : at(expected, found)
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
