internal import Shared

/// One provider with all its desired pairs, ordered by consumer.
struct ProviderView: Sendable {
    let name: String
    let contracts: [ContractView]
    /// What keeps it from being ready, broker and source aside; `nil`: every pair is in the broker.
    let reason: Reason?
    /// One word over all its contracts.
    let state: PairState
    /// When the latest of its contracts was published; set if `reason` is `nil`.
    let publishedAt: UTCTimestamp?

    init(name: String, contracts: [ContractView]) {
        self.name = name
        self.contracts = contracts
        let reason = ProviderReadiness.reason(of: contracts)
        self.reason = reason
        state = ProviderReadiness.state(of: contracts)
        publishedAt = reason == nil ? contracts.compactMap(\.publishedAt).max() : nil
    }

    /// The contract of one consumer: exact name first, then without regard to case, then with `+` read as a space.
    func contract(ofConsumer name: String) -> ContractView? {
        let bytes = Array(name.utf8)
        if let exact = contracts.first(where: { Array($0.desired.consumer.utf8) == bytes }) { return exact }
        let folded = name.lowercased()
        if let similar = contracts.first(where: { $0.desired.consumer.lowercased() == folded }) { return similar }
        guard name.utf8.contains(0x2B) else { return nil }
        return contract(ofConsumer: String(name.map { $0 == "+" ? " " : $0 }))
    }
}
