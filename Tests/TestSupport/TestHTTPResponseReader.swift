/// Takes the bytes of one HTTP/1.1 answer as they come. Pure.
package struct TestHTTPResponseReader {
    /// Everything fed so far.
    package private(set) var received: [UInt8] = []
    private let isHead: Bool

    package init(isHead: Bool = false) {
        self.isHead = isHead
    }

    /// - Parameter bytes: What was read; empty means the other side closed.
    /// - Returns: The answer once it is complete.
    /// - Throws: `closedEarly` or `malformedResponse`.
    package mutating func feed(_ bytes: [UInt8]) throws -> TestHTTPResponse? {
        received += bytes
        let closed = bytes.isEmpty
        while let end = headerEnd(from: 0) {
            let (status, headers) = try Self.head(received[0..<end])
            if status / 100 == 1 {
                received.removeFirst(end + 4)
                continue
            }
            if let body = try body(status: status, headers: headers, from: end + 4, closed: closed) {
                return TestHTTPResponse(status: status, headers: headers, body: body)
            }
            break
        }
        if closed { throw TestSupportError.closedEarly(received: received) }
        return nil
    }

    private func body(
        status: Int,
        headers: [(name: String, value: String)],
        from start: Int,
        closed: Bool
    ) throws -> [UInt8]? {
        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
        if isHead || status == 204 || status == 304 { return [] }
        if header("transfer-encoding")?.lowercased() == "chunked" { return try chunked(from: start) }
        if let text = header("content-length") {
            guard let length = Int(text), length >= 0 else {
                throw TestSupportError.malformedResponse("content-length: \(text)")
            }
            return received.count >= start + length ? Array(received[start..<(start + length)]) : nil
        }
        return closed ? Array(received[start...]) : nil
    }

    private func chunked(from start: Int) throws -> [UInt8]? {
        var body: [UInt8] = []
        var position = start
        while let end = line(from: position) {
            let text = String(decoding: received[position..<end], as: UTF8.self).prefix { $0 != ";" }
            guard let length = Int(text, radix: 16), length >= 0 else {
                throw TestSupportError.malformedResponse("chunk size \(text)")
            }
            position = end + 2
            if length == 0 { return headerEnd(from: position - 2) == nil ? nil : body }
            guard received.count >= position + length + 2 else { return nil }
            body += received[position..<(position + length)]
            position += length + 2
        }
        return nil
    }

    private func line(from start: Int) -> Int? {
        guard start < received.count else { return nil }
        return (start..<received.count)
            .first {
                received[$0] == 13 && $0 + 1 < received.count && received[$0 + 1] == 10
            }
    }

    private func headerEnd(from start: Int) -> Int? {
        guard received.count >= start + 4 else { return nil }
        return (start...(received.count - 4))
            .first {
                received[$0] == 13 && received[$0 + 1] == 10 && received[$0 + 2] == 13 && received[$0 + 3] == 10
            }
    }

    private static func head(
        _ bytes: ArraySlice<UInt8>
    ) throws -> (status: Int, headers: [(name: String, value: String)]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: true)
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw TestSupportError.malformedResponse(String(lines.first ?? ""))
        }
        let headers = lines.dropFirst()
            .map { line in
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                return (name: String(line[..<colon]), value: line[colon...].dropFirst().trimmedSpaces)
            }
        return (status, headers)
    }
}

extension Substring {
    fileprivate var trimmedSpaces: String {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let end = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...end])
    }
}
