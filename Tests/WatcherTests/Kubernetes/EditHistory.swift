import Shared

@testable import Watcher

/// Every state that a ConfigMap has had, as the revision of the desired set that belongs to it, and whether what was seen
/// of it is possible: each a state that existed, none older than one seen before.
struct EditHistory {
    private(set) var contracts: [String: String] = [:]
    private var moments: [String: [Int]] = [:]
    private var count = 0

    init() { record() }

    /// The revision of the present state.
    var revision: String { Self.revision(contracts) }

    mutating func set(_ key: String, _ text: String?) {
        contracts[key] = text
        record()
    }

    mutating func removeAll() {
        contracts = [:]
        record()
    }

    private mutating func record() {
        moments[revision, default: []].append(count)
        count += 1
    }

    private static func revision(_ contracts: [String: String]) -> String {
        let pairs = contracts.map { key, text in
            DesiredPair(consumer: consumer(key), provider: "provider", sha256: ContentHash.sha256Hex(text))
        }
        return DesiredSet.revision(of: pairs.sorted { $0.consumer.compareBytes(to: $1.consumer) < 0 })
    }

    static func consumer(_ key: String) -> String { "consumer of \(key)" }

    /// What is wrong with the revisions that were seen, in that order; `nil`: nothing.
    func violation(in seen: [String]) -> String? {
        var last = 0
        for (index, revision) in seen.enumerated() {
            guard let moments = moments[revision] else { return "observation \(index): a state that never was" }
            guard let next = moments.first(where: { $0 >= last }) else {
                return "observation \(index): state \(moments.last ?? 0) after state \(last)"
            }
            last = next
        }
        return nil
    }
}
