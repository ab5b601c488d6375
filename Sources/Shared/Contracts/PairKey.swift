/// The identity of a contract: who calls whom. Ordered by consumer, then provider, by UTF-8 bytes.
package struct PairKey: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    package var consumer: String
    package var provider: String

    package init(consumer: String, provider: String) {
        self.consumer = consumer
        self.provider = provider
    }

    package init(_ pair: DesiredPair) { self.init(consumer: pair.consumer, provider: pair.provider) }
    package init(_ pair: PublishedPair) { self.init(consumer: pair.consumer, provider: pair.provider) }
    package init(_ contract: Contract) { self.init(consumer: contract.consumer, provider: contract.provider) }

    // Equality is that of the bytes, as in the broker: canonically equal Unicode texts are different names.
    package static func == (a: PairKey, b: PairKey) -> Bool {
        a.consumer.utf8.elementsEqual(b.consumer.utf8) && a.provider.utf8.elementsEqual(b.provider.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        PairKey.feed(consumer, to: &hasher)
        PairKey.feed(provider, to: &hasher)
    }

    private static func feed(_ text: String, to hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }

    package static func < (a: PairKey, b: PairKey) -> Bool {
        if !a.consumer.utf8.elementsEqual(b.consumer.utf8) {
            return a.consumer.utf8.lexicographicallyPrecedes(b.consumer.utf8)
        }
        return a.provider.utf8.lexicographicallyPrecedes(b.provider.utf8)
    }

    package var description: String { "\(consumer) -> \(provider)" }
}
