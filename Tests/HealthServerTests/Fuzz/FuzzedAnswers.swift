import Shared

@testable import HealthServer

/// The bytes that a server sent on one connection, read by rules of its own: nothing of the server's code takes part.
struct FuzzedAnswers {
    struct Response: Equatable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private(set) var responses: [Response] = []

    /// What docs/endpoints.md and the HTTP server may answer, and nothing else.
    static let statuses: Set<Int> = [200, 400, 404, 405, 413, 414, 431, 503]

    /// - Throws: ``FuzzViolation`` for bytes that are no sequence of whole, well-formed answers.
    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            if responses.last?.headers["connection"] == "close" {
                throw FuzzViolation("bytes after the last answer: \(Self.shown(rest))")
            }
            responses.append(try Self.next(&rest))
        }
    }

    private static func next(_ rest: inout ArraySlice<UInt8>) throws -> Response {
        let whole = rest
        guard let end = headEnd(rest) else { throw FuzzViolation("no head: \(shown(whole))") }
        let lines = String(decoding: rest[rest.startIndex..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count == 3, ["HTTP/1.1", "HTTP/1.0"].contains(words[0]), let status = Int(words[1]),
            statuses.contains(status)
        else { throw FuzzViolation("status line: \(shown(whole))") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), line.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                throw FuzzViolation("header line '\(line)'")
            }
            let name = line[..<colon].lowercased()
            guard headers[name] == nil else { throw FuzzViolation("twice the header \(name)") }
            headers[name] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        // Events have no end that is known before, and nothing follows them.
        if headers["content-type"] == "text/event-stream" {
            guard status == 200, headers["content-length"] == nil, headers["connection"] == "close" else {
                throw FuzzViolation("headers of \(shown(whole))")
            }
            let response = Response(status: status, headers: headers, body: Array(rest[(end + 4)...]))
            rest = []
            return response
        }
        guard let length = headers["content-length"].flatMap({ Int($0) }), headers["cache-control"] == "no-store" else {
            throw FuzzViolation("headers of \(shown(whole))")
        }
        rest = rest[(end + 4)...]
        // Without a body: the answer to a HEAD. No body of ours begins like an answer.
        let isHead = rest.isEmpty || rest.starts(with: Array("HTTP/1.".utf8))
        if isHead { return Response(status: status, headers: headers, body: []) }
        guard rest.count >= length, length > 0 else { throw FuzzViolation("a body cut off: \(shown(whole))") }
        let body = Array(rest.prefix(length))
        rest = rest.dropFirst(length)
        let response = Response(status: status, headers: headers, body: body)
        try check(response)
        return response
    }

    private static func check(_ response: Response) throws {
        let type = response.headers["content-type"] ?? ""
        switch type {
        case "application/json", "application/problem+json":
            do {
                _ = try JSONReader.parse(response.body)
            } catch {
                throw FuzzViolation("no JSON (\(error)): \(response.text)")
            }
            guard (type == "application/problem+json") == [400, 404, 405, 413, 414, 431].contains(response.status)
            else {
                throw FuzzViolation("\(response.status) as \(type)")
            }
        case "text/html; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8":
            guard response.status == 200 else { throw FuzzViolation("\(response.status) as \(type)") }
        case "text/plain; charset=utf-8":
            guard [200, 503].contains(response.status) else { throw FuzzViolation("\(response.status) as \(type)") }
        default: throw FuzzViolation("content type '\(type)'")
        }
        if response.status == 503, response.headers["retry-after"].flatMap({ Int($0) }) ?? 0 < 1 {
            throw FuzzViolation("503 without Retry-After: \(response.text)")
        }
        if response.status == 405, response.headers["allow"] != "GET, HEAD" { throw FuzzViolation("405 without Allow") }
    }

    private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (bytes.startIndex...(bytes.endIndex - 4))
            .first {
                bytes[$0] == 0x0D && bytes[$0 + 1] == 0x0A && bytes[$0 + 2] == 0x0D && bytes[$0 + 3] == 0x0A
            }
    }

    private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix(300), as: UTF8.self)
    }
}

extension FuzzedAnswers {
    /// What must hold for the answers to `sent` in ``FuzzWorld``, however they were asked for.
    ///
    /// - Throws: ``FuzzViolation``.
    func check(against sent: [UInt8]) throws {
        // A request that is answered with 200 has a method and a version; nothing is answered twice.
        let good = responses.filter { $0.status == 200 }.count
        let versions = Self.count("HTTP/1.", in: sent)
        let methods = Self.count("GET ", in: sent) + Self.count("HEAD ", in: sent)
        guard good <= min(versions, methods) else {
            throw FuzzViolation("\(good) times 200 for \(methods) methods and \(versions) versions")
        }
        for response in responses where response.status == 200 {
            let text = response.text
            // Strict readiness, and a contract that is pending: never ready.
            if text.contains("\"mode\":\"strict\""), text.hasPrefix("{\"status\":\"ready\"") {
                throw FuzzViolation("/readiness is 200: \(text)")
            }
            if text.hasPrefix("{\"ready\":"),
                !text.hasPrefix("{\"ready\":true,\"provider\":")
                    || text.hasPrefix("{\"ready\":true,\"provider\":\"\(FuzzWorld.pending)\"")
            {
                throw FuzzViolation("a provider that is not ready has 200: \(text)")
            }
            if text.contains("readyz check passed"), !text.contains("[+]contracts excluded") {
                throw FuzzViolation("readyz passes: \(text)")
            }
            if text.hasPrefix("{\"status\":\"ready\",\"degraded\""), text.contains("\"ready\":false") {
                throw FuzzViolation("/startup is ready with one that is not: \(text)")
            }
        }
    }

    private static func count(_ word: String, in bytes: [UInt8]) -> Int {
        let word = Array(word.utf8)
        guard bytes.count >= word.count else { return 0 }
        var count = 0
        for start in 0...(bytes.count - word.count) where bytes[start] == word[0] {
            if bytes[start..<(start + word.count)].elementsEqual(word) { count += 1 }
        }
        return count
    }
}
