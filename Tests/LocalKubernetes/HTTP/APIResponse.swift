import Glibc
import Shared

/// An answer that is not a watch.
struct APIResponse: Sendable {
    var status: Int
    /// Without those that every answer has.
    var headers: [(name: String, value: String)] = []
    var contentType = "application/json"
    var body: [UInt8] = []

    /// Go keeps so much back before it decides between a length and chunks (net/http, bufferBeforeChunkingSize).
    static let maximumBytesWithLength = 2048

    static func text(_ status: Int, _ text: String, headers: [(name: String, value: String)] = []) -> APIResponse {
        let all = headers + [("X-Content-Type-Options", "nosniff")]
        return APIResponse(
            status: status,
            headers: all,
            contentType: "text/plain; charset=utf-8",
            body: Array(text.utf8)
        )
    }

    static func control(_ value: JSONValue, status: Int = 200) -> APIResponse {
        APIResponse(status: status, body: JSONWriter.compact(value))
    }
}

/// The head of an answer, with the names and the order of Go's server on HTTP/1.1 (recordings 01, 04).
enum ResponseHead {
    /// How the end of the body is told.
    enum Framing: Equatable {
        case length(Int)
        case chunked
        /// For HTTP/1.0.
        case close
    }

    static func bytes(
        _ status: Int,
        contentType: String,
        headers: [(name: String, value: String)],
        framing: Framing,
        closes: Bool
    ) -> [UInt8] {
        var all = headers
        all.append(("Audit-Id", UniqueID.make()))
        all.append(("Cache-Control", "no-cache, private"))
        all.append(("Content-Type", contentType))
        all.sort { $0.name < $1.name }
        all.append(("Date", date(WallClock.now())))
        if case .length(let length) = framing { all.append(("Content-Length", String(length))) }
        if closes { all.append(("Connection", "close")) }
        if framing == .chunked { all.append(("Transfer-Encoding", "chunked")) }
        let lines = all.map { "\($0.name): \($0.value)\r\n" }.joined()
        return Array("HTTP/1.1 \(status) \(reason(status))\r\n\(lines)\r\n".utf8)
    }

    /// `Mon, 23 Nov 2026 00:56:09 GMT`.
    static func date(_ time: WallClock) -> String {
        var seconds = time_t(time.milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Request Entity Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Entity"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "status code \(status)"
        }
    }
}

/// Random identifiers in the form of RFC 4122, version 4.
enum UniqueID {
    static func make() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Hex.string(bytes)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { result.append("-") }
            result.append(digit)
        }
        return result
    }
}
