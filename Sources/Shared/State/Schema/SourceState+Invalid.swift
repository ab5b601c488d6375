extension SourceState {
    /// The first few invalid keys, each with its reason, and how many more there are; `nil` if none is invalid.
    package func invalidKeys(atMost limit: Int = 3) -> String? {
        guard invalidCount > 0 else { return nil }
        let named = invalid.prefix(limit).map { "\($0.key) (\(StateLimits.cut($0.reason, to: 200)))" }
        let rest = invalidCount > named.count ? " and \(invalidCount - named.count) more" : ""
        return named.joined(separator: "; ") + rest
    }
}

extension SourceState.InvalidKey {
    /// The reason without the position at its end, for who shows line and column apart.
    package var bareReason: String {
        guard let line, let column else { return reason }
        let place = " (\(TextPosition(line: line, column: column, offset: 0)))"
        return reason.hasSuffix(place) ? String(reason.dropLast(place.count)) : reason
    }
}
