import Shared
import SharedHTTP

/// The members we rely on in the broker's answers about pacts.
enum LatestPacts {
    /// The pairs in an answer of `/pacts/latest`.
    ///
    /// - Returns: `nil` if it is no such answer. Entries without the names or the version are passed over.
    static func parse(_ body: [UInt8]) -> [LatestPact]? {
        guard let pacts = (try? JSONReader.parse(body))?["pacts"]?.array else { return nil }
        return pacts.compactMap { pact in
            guard let participants = pact["_embedded"], let consumer = participants["consumer"],
                let consumerName = consumer["name"]?.string,
                let provider = participants["provider"]?["name"]?.string,
                let version = consumer["_embedded"]?["version"]?["number"]?.string
            else { return nil }
            return LatestPact(
                key: PairKey(consumer: consumerName, provider: provider),
                version: version,
                createdAt: pact["createdAt"]?.string
            )
        }
    }
}

extension PactVersion {
    /// From an answer of `/pacts/provider/P/consumer/C/latest` or `…/version/V`. The version is in a header; the rest
    /// is absent if the body cannot be read.
    init(_ response: HTTPResponse) {
        // Interactions may be deep and large; what is wanted sits in the first four levels.
        let pact = try? JSONReader.parse(response.body, options: .init(maximumDepth: 512, buildDepth: 4))
        let links = pact?["_links"]
        version = response.headers["x-pact-consumer-version"] ?? links?["pb:consumer-version"]?["name"]?.string
        createdAt = pact?["createdAt"]?.string
        sha = links?["pb:pact-version"]?["name"]?.string
    }
}
