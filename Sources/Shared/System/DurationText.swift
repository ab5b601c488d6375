/// Durations as people and queries write them: a decimal number and `ms`, `s` or `m`; seconds without a unit.
package enum DurationText {
    /// - Returns: `nil` for everything else, and for more than `maximum`. Rounded up to a millisecond.
    package static func read(_ text: String, atMost maximum: Duration) -> Duration? {
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
