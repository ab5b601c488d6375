import Shared

/// What should be in the broker, and what of the source cannot be.
struct DesiredSet: Equatable, Sendable {
    /// Ordered by consumer, then provider, by bytes.
    var pairs: [DesiredPair] = []
    /// The bytes of every `sha256` in `pairs` that this reading gave. Those that an earlier one gave are stored already.
    var contents: [String: [UInt8]] = [:]
    /// All of them, ordered by key.
    var invalid: [SourceState.InvalidKey] = []
    /// At most ``StateLimits/ignoredKeys``, ordered by key.
    var ignored: [SourceState.IgnoredKey] = []
    var ignoredCount = 0
    /// Invalid keys beyond every list.
    var unlistedCount = 0
    var keys = 0
    var bytes = 0

    /// SHA-256 over consumer, provider and content of each pair, each with its length before it, so that no two sets
    /// give the same text.
    var revision: String { Self.revision(of: pairs) }

    static func revision(of pairs: [DesiredPair]) -> String {
        var hash = SHA256()
        for pair in pairs {
            for text in [pair.consumer, pair.provider, pair.sha256 ?? ""] {
                hash.update("\(text.utf8.count):\(text)")
            }
        }
        return Hex.string(hash.finalize())
    }
}
