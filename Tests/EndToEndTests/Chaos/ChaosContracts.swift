import Shared

/// The contracts of the chaos: a few pairs, each with revisions that tell themselves apart.
enum ChaosContracts {
    /// Consumers share versions, providers share readiness: both kinds of company occur. No name is similar to another.
    static let pairs: [PairKey] = [
        PairKey(consumer: "Checkout", provider: "Ledger"), PairKey(consumer: "Checkout", provider: "Stock"),
        PairKey(consumer: "Checkout", provider: "Mail"), PairKey(consumer: "Portal", provider: "Ledger"),
        PairKey(consumer: "Portal", provider: "Search"), PairKey(consumer: "Robot", provider: "Stock"),
    ]
    static let providers = ["Ledger", "Mail", "Search", "Stock"]

    /// What the directory holds for a pair.
    enum Entry: Equatable, Sendable {
        case absent
        case content(Int)
        /// Its file is there and is no contract.
        case invalid
    }

    /// Short name of a revision, for the oracle and for people: `4#17`.
    static func label(_ pair: Int, _ revision: Int) -> String { "\(pair)#\(revision)" }

    static func bytes(_ pair: Int, _ revision: Int) -> [UInt8] {
        let key = pairs[pair]
        return Array(
            """
            {"consumer":{"name":"\(key.consumer)"},"provider":{"name":"\(key.provider)"},"interactions":[{
            "description":"revision \(revision)","request":{"method":"GET","path":"/items/\(revision)"},
            "response":{"status":200}}],"metadata":{"pactSpecification":{"version":"3.0.0"}}}
            """
            .utf8
        )
    }

    /// The keys of a ConfigMap.
    static func payload(_ entries: [Int: Entry]) -> [String: [UInt8]] {
        var payload: [String: [UInt8]] = [:]
        for (pair, entry) in entries {
            let key = "\(pairs[pair].consumer)-\(pairs[pair].provider).json".lowercased()
            switch entry {
            case .absent: break
            case .content(let revision): payload[key] = bytes(pair, revision)
            case .invalid: payload[key] = Array("{\"consumer\": {\"name\": \"half a".utf8)
            }
        }
        return payload
    }

    /// The broker's SHA of a revision's content.
    static func pactSHA(_ pair: Int, _ revision: Int) -> String? {
        (try? JSONReader.parse(bytes(pair, revision))).flatMap { PactContentSHA.of($0) }
    }
}
