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
        // By bytes: whatever follows a delimiter, a combining character too, belongs to the next part.
        var rest = text.utf8[...]
        if rest.first != Self.slash {
            guard let colon = rest.firstIndex(of: 0x3A), rest[colon...].starts(with: "://".utf8),
                !rest[..<colon].contains(Self.slash)
            else { throw .form }
            let authority = rest[colon...].dropFirst(3)
            rest = authority.drop { $0 != Self.slash && $0 != Self.question }
        }
        if let fragment = rest.firstIndex(of: 0x23) { rest = rest[..<fragment] }
        let question = rest.firstIndex(of: Self.question)
        let rawPath = rest[..<(question ?? rest.endIndex)].dropFirst()
        path = []
        for segment in rawPath.split(separator: Self.slash, omittingEmptySubsequences: false) {
            path.append(try Self.decoded(Substring(segment)))
        }
        query = []
        guard let question else { return }
        for pair in rest[rest.index(after: question)...].split(separator: 0x26) {
            let equals = pair.firstIndex(of: 0x3D) ?? pair.endIndex
            let name = try Self.decoded(Substring(pair[..<equals]))
            query.append(Parameter(name: name, value: try Self.decoded(Substring(pair[equals...].dropFirst()))))
        }
    }

    /// The first parameter of that name.
    subscript(name: String) -> String? { query.first { $0.name == name }?.value }

    private static let slash = UInt8(ascii: "/")
    private static let question = UInt8(ascii: "?")

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
