import Shared

/// What one pair should hold in the broker.
struct DesiredContent: Equatable, Sendable {
    /// SHA-256 of the contract's bytes, lower-case hex.
    var sha256: String
    /// Size of the contract.
    var bytes: Int
}

extension SourceState {
    /// The pairs that have a content: those without a valid one are the watcher's to explain.
    var publishable: [PairKey: DesiredContent] {
        var result: [PairKey: DesiredContent] = [:]
        for pair in pairs {
            guard let sha256 = pair.sha256 else { continue }
            result[PairKey(consumer: pair.consumer, provider: pair.provider)] =
                DesiredContent(sha256: sha256, bytes: pair.bytes)
        }
        return result
    }
}
