import Shared

/// A pair's identity by bytes: names that only look alike are different participants for the broker.
struct PairIdentity: Hashable, Comparable {
    let consumer: [UInt8]
    let provider: [UInt8]

    init(_ pair: DesiredPair) {
        consumer = Array(pair.consumer.utf8)
        provider = Array(pair.provider.utf8)
    }

    /// Consumer, then provider.
    static func < (a: PairIdentity, b: PairIdentity) -> Bool {
        if a.consumer != b.consumer { return a.consumer.lexicographicallyPrecedes(b.consumer) }
        return a.provider.lexicographicallyPrecedes(b.provider)
    }
}
