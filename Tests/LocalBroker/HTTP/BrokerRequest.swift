/// One complete HTTP request, as the server read it.
struct BrokerRequest: Sendable {
    /// `GET`, `PUT` …
    var method: String
    /// The request target as sent: path and query, still percent-encoded.
    var target: String
    /// In the order received.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// The first header with that name, whatever its case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
}
