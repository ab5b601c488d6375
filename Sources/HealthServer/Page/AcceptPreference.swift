/// What an `Accept` header (RFC 9110 section 12.5.1) prefers where there are a page and JSON.
///
/// A browser names `text/html`; programs name JSON, everything, or nothing. The page is only for whoever names it and
/// likes JSON no better: a client that got JSON before must never find a page.
enum AcceptPreference {
    /// True if the header names `text/html` and gives it a higher weight than JSON, or the same weight that JSON has
    /// by a wildcard only.
    ///
    /// - Parameter values: The header's lines; what is malformed in them names nothing.
    static func prefersHTML(_ values: some Sequence<String>) -> Bool {
        var html: Int?
        // By how exactly it is named: the most exact range counts.
        var json: (weight: Int, exactness: Int)?
        for range in values.flatMap({ $0.split(separator: ",") }) {
            let parts = range.split(separator: ";").map { trimmed($0).lowercased() }
            guard let type = parts.first, let weight = weight(parts.dropFirst()) else { continue }
            let exactness: Int
            switch type {
            case "text/html":
                html = max(html ?? 0, weight)
                continue
            case "application/json": exactness = 2
            case "application/*": exactness = 1
            case "*/*": exactness = 0
            default: continue
            }
            if json.map({ exactness > $0.exactness || (exactness == $0.exactness && weight > $0.weight) }) ?? true {
                json = (weight, exactness)
            }
        }
        guard let html, html > 0 else { return false }
        guard let json else { return true }
        return html > json.weight || (html == json.weight && json.exactness < 2)
    }

    /// Thousandths; 1000 without a `q`, `nil` for one that is no number from 0 to 1.
    private static func weight(_ parameters: ArraySlice<String>) -> Int? {
        guard let parameter = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1000 }
        let text = parameter.dropFirst(2)
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }),
            let value = Double(text), (0...1).contains(value)
        else { return nil }
        return Int((value * 1000).rounded())
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
        return start[...last]
    }
}
