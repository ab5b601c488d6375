/// A consumer with a provider.
struct PairKey: Hashable, Sendable, Codable {
    var consumer: String
    var provider: String
}

extension PairKey: Comparable {
    /// Consumer first, then provider, whatever the case: the order of the broker's lists.
    static func < (a: PairKey, b: PairKey) -> Bool {
        let left = (a.consumer.lowercased(), a.provider.lowercased())
        let right = (b.consumer.lowercased(), b.provider.lowercased())
        return left == right ? (a.consumer, a.provider) < (b.consumer, b.provider) : left < right
    }
}
