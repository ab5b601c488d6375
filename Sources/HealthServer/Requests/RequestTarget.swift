/// A request target, cut into decoded path segments and query parameters.
struct RequestTarget: Equatable, Sendable {
    /// Percent-decoded; a `/` in one arrived as `%2F`. `/` alone has one empty segment.
    var path: [String]
    /// In order; names and values percent-decoded, `+` left as it is.
    var query: [Parameter]

    struct Parameter: Equatable, Sendable {
        var name: String
        var value: String
    }

    /// What is wrong with a target.
    enum Failure: Error, Equatable {
        /// A `%` without two hex digits, or bytes that are no UTF-8, or a NUL.
        case encoding(String)
        /// Neither `/path` nor `http://host/path`.
        case form
    }

    /// Reads origin form and absolute form (RFC 9112 section 3.2).
    init(_ text: String) throws(Failure) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(ofText: "://"), !rest[..<scheme.lowerBound].contains("/") {
            let authority = rest[scheme.upperBound...]
            rest = authority.firstIndex { $0 == "/" || $0 == "?" }.map { authority[$0...] } ?? "/"
            if rest.first == "?" { rest = "/" + rest }
        }
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        guard rest.utf8.first == 0x2F else { throw .form }
        let question = rest.firstIndex(of: "?")
        let rawPath = rest[..<(question ?? rest.endIndex)].dropFirst()
        path = []
        for segment in rawPath.split(separator: "/", omittingEmptySubsequences: false) {
            path.append(try Self.decoded(segment))
        }
        query = []
        guard let question else { return }
        for pair in rest[rest.index(after: question)...].split(separator: "&") {
            let equals = pair.firstIndex(of: "=")
            let name = try Self.decoded(pair[..<(equals ?? pair.endIndex)])
            let value = try equals.map { index throws(Failure) in try Self.decoded(pair[pair.index(after: index)...]) }
            query.append(Parameter(name: name, value: value ?? ""))
        }
    }

    /// The first parameter of that name.
    subscript(name: String) -> String? { query.first { $0.name == name }?.value }

    static func decoded(_ text: Substring) throws(Failure) -> String {
        guard text.utf8.contains(where: { $0 == 0x25 || $0 == 0 }) else { return String(text) }
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else {
                throw .encoding(String(text))
            }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0), let result = String(validating: bytes, as: UTF8.self) else {
            throw .encoding(String(text))
        }
        return result
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

extension Substring {
    /// The first place of an ASCII text; the standard library's own search is part of another module.
    fileprivate func firstRange(ofText text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
