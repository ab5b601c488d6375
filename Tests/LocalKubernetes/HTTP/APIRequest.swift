/// One complete HTTP request, as the server read it.
struct APIRequest: Sendable {
    /// The real server's limit for a body (recording 15).
    static let maximumBodyBytes = 3_145_728

    /// `GET`, `PUT` …
    var method: String
    /// The request target as sent: path and query, still percent-encoded.
    var target: String
    /// In the order received.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// The body had more than ``maximumBodyBytes``; then ``body`` is empty.
    var isTooLarge = false

    /// The first header with that name, whatever its case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// Go's server indents for people: by their browser's or tool's name, or `?pretty` (apiserver negotiate.go).
    func wantsIndentation(_ target: RequestTarget) -> Bool {
        if let asked = target.query["pretty"], !asked.isEmpty {
            return ["1", "t", "true"].contains(asked.lowercased())
        }
        let agent = header("user-agent") ?? ""
        return ["curl", "Wget", "Mozilla/5.0"].contains { agent.hasPrefix($0) }
    }
}
