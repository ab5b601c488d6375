/// Which names the broker takes for misspellings of each other.
///
/// Measured [29][30][68] and checked against `FindPotentialDuplicatePacticipantNames` of pact_broker: the words of both
/// names, in lower case, each without one final `s`, and without the words api, provider and service, are the same.
enum SimilarNames {
    /// Equal for similar names. Empty for names such as `API`, which are all similar to each other.
    static func words(_ name: String) -> [String] {
        split(name)
            .map { $0.hasSuffix("s") ? String($0.dropLast()) : $0 }
            .filter { !["api", "provider", "service"].contains($0) }
    }

    /// At white space, `_`, `-` and changes of case: `XMLHttpRequest` is xml, http, request; `CASENAME` is one word.
    private static func split(_ name: String) -> [String] {
        var text: [UInt8] = []
        let bytes = Array(name.utf8)
        for (index, byte) in bytes.enumerated() {
            if isUpper(byte), index > 0 {
                let before = bytes[index - 1]
                let next = index + 1 < bytes.count ? bytes[index + 1] : 0
                // The last of several capitals starts a word if a small letter follows it.
                if isLower(before) || isDigit(before) || (isUpper(before) && isLower(next)) {
                    text.append(UInt8(ascii: "_"))
                }
            }
            let isSeparator = byte == UInt8(ascii: "-") || byte == UInt8(ascii: " ") || (9...13).contains(byte)
            text.append(isSeparator ? UInt8(ascii: "_") : byte)
        }
        var words = String(decoding: text, as: UTF8.self).lowercased()
            .split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        // Ruby's split drops empty words at the end, not those at the beginning and between.
        while words.last == "" { words.removeLast() }
        return words
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
