internal import NIOHTTP1

extension Answer {
    /// The response head with the headers that every answer has.
    func head(version: HTTPVersion, keepsAlive: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(6)
        headers.add(name: "Content-Type", value: contentType)
        headers.add(name: "Content-Length", value: String(body.count))
        headers.add(name: "Cache-Control", value: "no-store")
        if let retryAfter { headers.add(name: "Retry-After", value: String(retryAfter)) }
        if let allow { headers.add(name: "Allow", value: allow) }
        if waitRefused { headers.add(name: "Wait-Refused", value: "too many requests are waiting; ask again") }
        for field in self.headers { headers.add(name: field.name, value: field.value) }
        if !keepsAlive {
            headers.add(name: "Connection", value: "close")
        } else if version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: version, status: HTTPResponseStatus(statusCode: status), headers: headers)
    }

    static func bodyTooLong(limit: Int) -> Answer {
        problem(413, "Content Too Large", detail: "no request here needs a body; more than \(limit) bytes are refused")
    }

    static func headerTooLong(_ limit: Int) -> Answer {
        problem(
            431,
            "Request Header Fields Too Large",
            detail: "request line and header fields may have \(limit) bytes together"
        )
    }

    static func targetTooLong(_ limit: Int) -> Answer {
        problem(414, "URI Too Long", detail: "request line and header fields may have \(limit) bytes together")
    }
}
