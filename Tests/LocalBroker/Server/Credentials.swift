import Shared

/// Who may read and write.
struct Credentials: Sendable {
    struct User: Equatable, Sendable {
        var name: String
        var password: String
    }

    /// `nil` for a broker that asks nobody.
    var writer: User?
    /// May only read; a write gets it a 401 [18][67].
    var reader: User?

    /// - Returns: The refusal, or `nil` for a request that may go on.
    func refusal(method: String, authorization: String?) -> BrokerResponse? {
        guard let writer else { return nil }
        let challenge = BrokerResponse.bare(
            401,
            headers: [("www-authenticate", "Basic realm=\"Restricted area\"")]
        )
        guard let authorization else { return challenge }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        // Anything but basic, a bearer token for one, is a bad request and not a missing permission [05].
        guard parts.first?.lowercased() == "basic" else { return .bare(400) }
        guard parts.count == 2, let bytes = Base64.decode(parts[1].utf8) else { return challenge }
        let fields = String(decoding: bytes, as: UTF8.self)
            .split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
        guard fields.count == 2 else { return challenge }
        let user = User(name: String(fields[0]), password: String(fields[1]))
        if user == writer { return nil }
        let isRead = ["GET", "HEAD", "OPTIONS"].contains(method)
        return user == reader && isRead ? nil : challenge
    }
}
