/// An `Accept` header (RFC 9110 §12.5.1), read as the broker's framework reads it.
struct AcceptHeader: Sendable {
    private struct Range: Sendable {
        var type: String
        var quality: Double
    }
    private let ranges: [Range]

    /// - Parameter text: `nil` or empty accepts everything.
    init(_ text: String?) {
        ranges = (text ?? "").split(separator: ",")
            .compactMap { part in
                let pieces = part.split(separator: ";")
                    .map { piece in
                        String(piece.filter { $0 != " " && $0 != "\t" }).lowercased()
                    }
                guard let type = pieces.first else { return nil }
                let quality = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
                return Range(type: type, quality: quality ?? 1)
            }
    }

    /// The best of the media types on offer; the first of equals; `nil` is a 406.
    func best(of offers: [String]) -> String? {
        if ranges.isEmpty { return offers.first }
        var best: (type: String, quality: Double)?
        for offer in offers {
            let quality = quality(of: offer)
            if quality > best?.quality ?? 0 { best = (offer, quality) }
        }
        return best?.type
    }

    /// Whether problem+json is asked for by name, at whatever place: then errors come in that form [13][15][62].
    var namesProblemJSON: Bool {
        ranges.contains { $0.type == "application/problem+json" && $0.quality > 0 }
    }

    private func quality(of type: String) -> Double {
        let family = type.prefix { $0 != "/" } + "/*"
        for candidate in [type, String(family), "*/*"] {
            if let range = ranges.first(where: { $0.type == candidate }) { return range.quality }
        }
        return 0
    }
}
