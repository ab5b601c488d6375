import Shared

/// One recorded request of a real broker with its answer, as the files in `Tests/Fixtures/broker` show it.
struct TranscriptExchange {
    /// The file's name, without its ending.
    var file: String
    /// Counts from 1 within the file.
    var number: Int
    /// `A` to `S`: which broker of the recording answered.
    var broker: String
    var method: String
    var target: String
    /// The request as sent; `nil` if the recording cannot be sent again, for ``problem``.
    var request: [UInt8]?
    /// Why it cannot be sent again.
    var problem: String?
    var status: Int
    var headers: [String: String]
    /// What was recorded of the answer's body.
    var body: String
    /// The recorder cut the body; the length is in the header.
    var isCut: Bool
    /// The recorder cut even the headers.
    var isHeadCut: Bool

    var name: String { "\(file) #\(number) \(method) \(target)" }

    /// Reads a transcript file.
    static func parse(_ text: String, file: String) -> [TranscriptExchange] {
        var result: [TranscriptExchange] = []
        var broker = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "===== REQUEST =====\n") {
            for line in rest[..<start.lowerBound].split(separator: "\n") where line.hasPrefix("### broker ") {
                broker = String(line.dropFirst("### broker ".count).prefix { $0 != ":" })
            }
            rest = rest[start.upperBound...]
            guard let middle = rest.firstRange(of: "\n===== RESPONSE =====\n") else { break }
            let request = String(rest[..<middle.lowerBound])
            rest = rest[middle.upperBound...]
            let end = rest.firstRange(of: "\n### broker ")?.lowerBound ?? rest.endIndex
            var response = rest[..<end]
            if let note = response.firstRange(of: "\n--- note:") { response = response[..<note.lowerBound] }
            rest = rest[end...]
            let exchange = Self.exchange(
                request,
                String(response),
                file: file,
                number: result.count + 1,
                broker: broker
            )
            result.append(exchange)
        }
        return result
    }

    private static func exchange(
        _ request: String,
        _ response: String,
        file: String,
        number: Int,
        broker: String
    ) -> TranscriptExchange {
        let beforeCut = response.firstRange(of: "[... response cut here").map { response[..<$0.lowerBound] }
        let isHeadCut = beforeCut.map { !$0.contains("\n\n") } ?? false
        let (requestHead, requestBody) = split(request)
        let (responseHead, responseBody) = split(response)
        let words = requestHead.first?.split(separator: " ") ?? []
        let status = responseHead.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var body = responseBody
        let isCut = body.contains("[... response cut here") || body.contains("[... line cut here")
        if let cut = body.firstRange(of: "[... response cut here") { body = String(body[..<cut.lowerBound]) }
        if isCut, body.hasSuffix("\n") { body.removeLast() }
        while !isCut, body.hasSuffix("\n") { body.removeLast() }
        // The recorder wrote two blank lines between a request's head and its body.
        let sent = requestBody.hasPrefix("\n") ? String(requestBody.dropFirst()) : requestBody
        let (bytes, problem) = Self.bytes(head: requestHead, body: sent)
        var headers: [String: String] = [:]
        for (name, value) in fields(responseHead) { headers[name.lowercased()] = value }
        return TranscriptExchange(
            file: file,
            number: number,
            broker: broker,
            method: words.first.map(String.init) ?? "",
            target: words.dropFirst().first.map(String.init) ?? "",
            request: bytes,
            problem: problem,
            status: status,
            headers: headers,
            body: body,
            isCut: isCut,
            isHeadCut: isHeadCut
        )
    }

    private static func split(_ text: String) -> (head: [String], body: String) {
        let parts = text.firstRange(of: "\n\n")
        let head = text[..<(parts?.lowerBound ?? text.endIndex)].split(separator: "\n").map(String.init)
        return (head, parts.map { String(text[$0.upperBound...]) } ?? "")
    }

    private static func fields(_ head: [String]) -> [(String, String)] {
        head.dropFirst()
            .compactMap { line in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                return (String(line[..<colon]), String(line[colon...].dropFirst().drop { $0 == " " }))
            }
    }

    /// The request with CRLF and exactly the bytes its length names.
    private static func bytes(head: [String], body: String) -> (request: [UInt8]?, problem: String?) {
        guard let first = head.first, !first.hasSuffix("HTTP/2") else { return (nil, "no HTTP/1.1 request") }
        if head.joined().contains("line cut here") || body.contains("line cut here") {
            return (nil, "the recorder cut the request")
        }
        var lines = head
        var bytes = Array(body.utf8)
        let all = fields(head)
        if let length = all.first(where: { $0.0.lowercased() == "content-length" }).flatMap({ Int($0.1) }) {
            if bytes.count < length { return (nil, "the recording does not hold the request's bytes") }
            // Only what follows the body may be dropped: the recorder wrote blank lines there.
            if bytes[length...].contains(where: { $0 != UInt8(ascii: "\n") }) {
                guard let raw = unescaped(bytes, length: length) else {
                    return (nil, "the recording does not hold the request's bytes")
                }
                bytes = raw
            }
            bytes = Array(bytes[..<length])
        } else if all.contains(where: { $0.0.lowercased() == "transfer-encoding" }) {
            while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            let size = String(bytes.count, radix: 16)
            bytes = Array("\(size)\r\n".utf8) + bytes + Array("\r\n0\r\n\r\n".utf8)
        } else {
            bytes = []
        }
        lines.append("")
        lines.append("")
        return (Array(lines.joined(separator: "\r\n").utf8) + bytes, nil)
    }

    /// Bytes that are no UTF-8 were recorded as `\xe9`.
    private static func unescaped(_ bytes: [UInt8], length: Int) -> [UInt8]? {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count, result.count < length {
            let isEscape = bytes[index...].starts(with: Array("\\x".utf8)) && index + 4 <= bytes.count
            let digits = isEscape ? String(decoding: bytes[(index + 2)..<(index + 4)], as: UTF8.self) : ""
            if let byte = UInt8(digits, radix: 16) {
                result.append(byte)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        let isComplete = bytes[index...].allSatisfy { $0 == UInt8(ascii: "\n") }
        return result.count == length && isComplete ? result : nil
    }
}
