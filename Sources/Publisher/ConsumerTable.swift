import Shared

/// What the plan knows of the consumers, by the bytes of their names, as the broker tells them apart: for a dictionary of
/// texts, "é" in one and in two code points would be one consumer, with one version for two sets of contracts.
struct ConsumerTable: Sendable {
    /// By ``PairKey/ofConsumer``.
    private var records: [PairKey: ConsumerRecord] = [:]

    var count: Int { records.count }

    subscript(name: String) -> ConsumerRecord? {
        get { records[PairKey(consumer: name, provider: "")] }
        _modify { yield &records[PairKey(consumer: name, provider: "")] }
    }

    /// Forgets the others.
    mutating func keep(where isKept: (PairKey) -> Bool) { records = records.filter { isKept($0.key) } }
}

extension PairKey {
    /// Stands for the consumer alone.
    var ofConsumer: PairKey { PairKey(consumer: consumer, provider: "") }
}
