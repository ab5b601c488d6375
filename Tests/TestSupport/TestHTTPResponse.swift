/// A complete HTTP answer.
package struct TestHTTPResponse: Sendable {
    /// For example 200.
    package var status: Int
    /// In the order received, names as sent.
    package var headers: [(name: String, value: String)]
    /// Chunked coding already removed.
    package var body: [UInt8]

    /// The first header with that name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as UTF-8.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
