/// The `wait` parameter: how long an answer may be held.
enum WaitParameter {
    /// The longest time; a client that wants more asks again.
    static let maximum: Duration = .seconds(300)

    /// Reads `30s`, `1500ms`, `2m`, `0.5s` or plain seconds, 0 to 300 s; `nil` for everything else.
    static func duration(_ text: String) -> Duration? { DurationText.read(text, atMost: maximum) }
}

/// The `fallback` parameter of `/startup`: after how long the wait for a contract is given up.
enum FallbackParameter {
    static let maximum: Duration = .seconds(86_400)

    /// Reads what ``WaitParameter`` reads, 0 to 24 h (`1440m`); `nil` for everything else.
    static func duration(_ text: String) -> Duration? { DurationText.read(text, atMost: maximum) }
}

/// Durations in a query: a decimal number and `ms`, `s` or `m`; seconds without a unit.
enum DurationText {
    static func read(_ text: String, atMost maximum: Duration) -> Duration? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let milliseconds: Double
        switch text.dropFirst(digits.count) {
        case "ms": milliseconds = 1
        case "s", "": milliseconds = 1000
        case "m": milliseconds = 60_000
        default: return nil
        }
        guard digits.first != ".", digits.last != ".", let number = Double(digits), number.isFinite else { return nil }
        let product = number * milliseconds
        guard product <= Double(maximum.components.seconds) * 1000 else { return nil }
        return .milliseconds(Int64(product.rounded(.up)))
    }
}
