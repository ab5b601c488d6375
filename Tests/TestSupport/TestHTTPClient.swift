internal import Shared

/// A small blocking HTTP/1.1 client for tests: one connection per request, a deadline on the whole exchange, no
/// redirects, no libraries.
package struct TestHTTPClient: Sendable {
    /// `http://host:port`, without a path.
    package let baseURL: String
    /// The whole exchange must be over by then.
    package var timeout: Duration
    /// Sent with every request, before those of the request; a request's own header of that name replaces it.
    package var headers: [(name: String, value: String)]

    private let host: String
    private let port: UInt16

    package init(
        _ baseURL: String,
        timeout: Duration = .seconds(10),
        headers: [(name: String, value: String)] = []
    ) throws {
        guard baseURL.hasPrefix("http://"), let colon = baseURL.lastIndex(of: ":"),
            let port = UInt16(baseURL[baseURL.index(after: colon)...])
        else { throw TestSupportError.badURL(baseURL) }
        var host = String(baseURL[baseURL.index(baseURL.startIndex, offsetBy: 7)..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.baseURL = baseURL
        self.timeout = timeout
        self.headers = headers
        self.host = host
        self.port = port
    }

    package func get(_ path: String, headers: [(name: String, value: String)] = []) throws -> TestHTTPResponse {
        try send("GET", path, headers: headers)
    }

    package func put(
        _ path: String,
        _ body: String,
        headers: [(name: String, value: String)] = []
    ) throws -> TestHTTPResponse {
        try send("PUT", path, headers: headers, body: Array(body.utf8))
    }

    package func post(
        _ path: String,
        _ body: String,
        headers: [(name: String, value: String)] = []
    ) throws -> TestHTTPResponse {
        try send("POST", path, headers: headers, body: Array(body.utf8))
    }

    package func delete(_ path: String, headers: [(name: String, value: String)] = []) throws -> TestHTTPResponse {
        try send("DELETE", path, headers: headers)
    }

    /// Sends one request and reads its answer.
    ///
    /// A body gets `Content-Type: application/json` unless the headers say otherwise; `Host` and `Connection: close`
    /// are added unless given.
    ///
    /// - Parameter path: As it stands in the request line, already percent-encoded.
    /// - Throws: ``TestSupportError``.
    package func send(
        _ method: String,
        _ path: String,
        headers own: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) throws -> TestHTTPResponse {
        var all = headers.filter { header in !own.contains { $0.name.lowercased() == header.name.lowercased() } } + own
        func add(_ name: String, _ value: String) {
            if !all.contains(where: { $0.name.lowercased() == name.lowercased() }) { all.append((name, value)) }
        }
        add("Host", baseURL.replacingPrefix("http://"))
        add("Connection", "close")
        if let body {
            add("Content-Type", "application/json")
            add("Content-Length", String(body.count))
        }
        var request = Array("\(method) \(path) HTTP/1.1\r\n".utf8)
        for (name, value) in all { request += Array("\(name): \(value)\r\n".utf8) }
        request += Array("\r\n".utf8)
        return try exchange(request + (body ?? []), isHead: method == "HEAD")
    }

    /// Sends `request` as it is and reads one answer: for requests that are deliberately odd.
    ///
    /// - Parameter isHead: The answer has headers only, whatever its length header says.
    package func exchange(_ request: [UInt8], isHead: Bool = false) throws -> TestHTTPResponse {
        let deadline = MonotonicTime.now() + timeout
        let socket = try TestSocket(host: host, port: port, deadline: deadline)
        try socket.write(request, deadline: deadline)
        var reader = TestHTTPResponseReader(isHead: isHead)
        while true {
            let bytes = try socket.read(deadline: deadline, received: reader.received.count)
            if let response = try reader.feed(bytes) { return response }
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
