import Shared

/// The absolute links of the broker's answers, built from what the client called it [06].
struct Links: Sendable {
    /// `http://host:port`, without a slash at the end.
    let base: String

    /// - Returns: `nil` for a `Host` that is no host; the broker answers that with a 404 [06].
    init?(_ request: BrokerRequest) {
        let scheme = request.header("x-forwarded-proto") ?? "http"
        var host = request.header("x-forwarded-host") ?? request.header("host") ?? "localhost"
        let allowed = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        guard allowed, !host.isEmpty else { return nil }
        let defaultPort = scheme == "https" ? ":443" : ":80"
        if host.hasSuffix(defaultPort) { host.removeLast(defaultPort.count) }
        base = "\(scheme)://\(host)"
    }

    init(base: String) {
        self.base = base
    }

    func url(_ parts: String...) -> String {
        parts.reduce(base) { $0 + "/" + PercentEncoding.pathSegment($1) }
    }

    func pact(_ pair: PairKey) -> String { url("pacts", "provider", pair.provider, "consumer", pair.consumer) }

    func pact(_ pair: PairKey, version: String) -> String {
        pact(pair) + "/version/" + PercentEncoding.pathSegment(version)
    }

    func pacticipant(_ name: String) -> String { url("pacticipants", name) }

    func version(_ number: String, of name: String) -> String { url("pacticipants", name, "versions", number) }

    func tag(_ tag: String, version number: String, of name: String) -> String {
        url("pacticipants", name, "versions", number, "tags", tag)
    }

    func branch(_ branch: String, of name: String) -> String { url("pacticipants", name, "branches", branch) }

    func branchVersion(_ branch: String, version number: String, of name: String) -> String {
        url("pacticipants", name, "branches", branch, "versions", number)
    }

    /// `{"title":…,"name":…,"href":…}` without the members that are `nil`.
    static func link(_ href: String, title: String? = nil, name: String? = nil, templated: Bool? = nil) -> JSONValue {
        var members: [JSONObject.Member] = []
        if let title { members.append(.init(key: "title", value: .string(title))) }
        if let name { members.append(.init(key: "name", value: .string(name))) }
        members.append(.init(key: "href", value: .string(href)))
        if let templated { members.append(.init(key: "templated", value: .bool(templated))) }
        return .object(JSONObject(members))
    }

    /// The link that resolves the `pb:` names.
    func curies(_ context: String) -> JSONValue {
        [["name": "pb", "href": .string("\(base)/doc/{rel}?context=\(context)"), "templated": true]]
    }
}
