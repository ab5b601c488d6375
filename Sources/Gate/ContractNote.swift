import Shared

/// What is known of a contract that is there: an element of `PACT_CONTRACTS`.
struct ContractNote: Equatable, Sendable {
    var provider: String
    var consumer: String
    /// The consumer version number that it is served as.
    var version: String?
    /// SHA-256 of the bytes that were published; only the manager knows it.
    var sha256: String?
    /// The broker's own name for the content; only where the broker was asked for one pair.
    var pactVersion: String?

    var json: JSONValue {
        var members: [JSONObject.Member] = [
            .init(key: "provider", value: .string(provider)), .init(key: "consumer", value: .string(consumer)),
        ]
        func add(_ key: String, _ value: String?) {
            if let value { members.append(.init(key: key, value: .string(value))) }
        }
        add("version", version)
        add("sha256", sha256)
        add("pact_version", pactVersion)
        return .object(JSONObject(members))
    }
}
