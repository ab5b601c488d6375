import Shared

/// `/diagnostic/status/…`.
enum DiagnosticEndpoint {
    private static let type = "application/hal+json"

    /// Says that the process runs, and nothing about the database [01].
    static func heartbeat(_ links: Links) -> BrokerResponse {
        .json(200, ["ok": true, "_links": own("heartbeat", links)], type: type)
    }

    /// Says whether the database answers [02][A3].
    static func dependencies(_ links: Links, isDatabaseUp: Bool) -> BrokerResponse {
        let body: JSONValue = ["database": ["ok": .bool(isDatabaseUp)], "_links": own("dependencies", links)]
        return .json(isDatabaseUp ? 200 : 500, body, type: type)
    }

    private static func own(_ name: String, _ links: Links) -> JSONValue {
        ["self": ["href": .string("\(links.base)/diagnostic/status/\(name)")]]
    }
}
