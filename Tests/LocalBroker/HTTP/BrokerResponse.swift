import Shared

/// One HTTP answer, before a fault may spoil its delivery.
struct BrokerResponse: Sendable {
    var status: Int
    /// Without `content-length`, which the server adds.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    static let hal = "application/hal+json;charset=utf-8"
    static let json = "application/json;charset=utf-8"
    static let problem = "application/problem+json;charset=utf-8"

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// An answer with a JSON body.
    static func json(
        _ status: Int,
        _ value: JSONValue,
        type: String = hal,
        headers: [(name: String, value: String)] = []
    ) -> BrokerResponse {
        bytes(status, JSONWriter.compact(value), type: type, headers: headers)
    }

    /// An answer whose body is ready.
    static func bytes(
        _ status: Int,
        _ body: [UInt8],
        type: String,
        headers: [(name: String, value: String)] = []
    ) -> BrokerResponse {
        BrokerResponse(status: status, headers: common + [("content-type", type)] + headers, body: body)
    }

    /// An answer without a body.
    static func empty(_ status: Int, headers: [(name: String, value: String)] = []) -> BrokerResponse {
        BrokerResponse(status: status, headers: common + headers)
    }

    /// What Rack's authentication answers before the broker proper is reached: bare, with an empty body.
    static func bare(_ status: Int, headers: [(name: String, value: String)] = []) -> BrokerResponse {
        BrokerResponse(status: status, headers: [("content-type", "text/plain")] + headers)
    }

    /// What the broker's guard before the router answers: problem+json without a charset.
    static func guardProblem(_ status: Int, title: String, type: String, detail: String) -> BrokerResponse {
        let body: JSONValue = [
            "title": .string(title), "type": .string("/problem/\(type)"), "detail": .string(detail),
            "status": .int(status),
        ]
        return BrokerResponse(
            status: status,
            headers: [("content-type", "application/problem+json"), ("x-content-type-options", "nosniff")],
            body: JSONWriter.compact(body)
        )
    }

    /// The error the broker answers when its own code failed; the reference is looked up in its log.
    static func internalError(reference: String) -> BrokerResponse {
        let message = "An error has occurred. The details have been logged with the reference \(reference)"
        return .json(500, ["error": ["message": .string(message), "reference": .string(reference)]])
    }

    private static let common: [(name: String, value: String)] = [
        ("vary", "Accept"), ("cache-control", "no-cache"), ("x-pact-broker-version", "2.120.0"),
        ("x-content-type-options", "nosniff"),
    ]
}
