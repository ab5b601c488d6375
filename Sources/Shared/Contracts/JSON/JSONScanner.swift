/// The tokens of a JSON text (RFC 8259): blanks, strings, numbers, literals, with an error naming each wrong place.
///
/// Works on the bytes of a text that is already known to be UTF-8. Valid as long as the buffer is.
struct JSONScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let options: JSONReader.Options
    /// The next byte to look at.
    var offset = 0
    /// Where the first comment starts.
    var firstComment: Int?

    init(_ bytes: UnsafeBufferPointer<UInt8>, options: JSONReader.Options) {
        self.bytes = bytes
        self.options = options
    }

    /// The next byte, or `nil` at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    // MARK: - Blanks

    /// Passes over white space and, where allowed, comments.
    mutating func skipBlanks() throws(JSONSyntaxError) {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONSyntaxError) {
        let start = offset
        let kind = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        let isBlock = kind == UInt8(ascii: "*")
        guard isBlock || kind == UInt8(ascii: "/") else { throw unexpected("a value, a comma or a bracket") }
        guard options.allowsComments else { throw failure("comments are not allowed in JSON") }
        offset += 2
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if isBlock, byte == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                offset += 1
                firstComment = firstComment ?? start
                return
            }
            if !isBlock, byte == UInt8(ascii: "\n") { break }
        }
        if isBlock { throw failure("the comment that starts here is never closed with */", at: start) }
        firstComment = firstComment ?? start
    }

    // MARK: - Strings

    /// Reads the string whose opening quote is next.
    mutating func scanString() throws(JSONSyntaxError) -> String {
        let (content, hasEscapes) = try scanStringContent()
        let part = UnsafeBufferPointer(rebasing: bytes[content])
        return hasEscapes ? JSONEscapes.decode(part) : String(decoding: part, as: UTF8.self)
    }

    /// Checks the string whose opening quote is next and passes over it.
    ///
    /// - Returns: The range between the quotes, and whether a backslash is in it.
    mutating func scanStringContent() throws(JSONSyntaxError) -> (Range<Int>, hasEscapes: Bool) {
        let quote = offset
        var hasEscapes = false
        offset += 1
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                let content = (quote + 1)..<offset
                offset += 1
                return (content, hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try checkEscape()
            case 0..<0x20:
                throw failure("a string must not contain \(Self.name(of: bytes[offset])); write it as an escape")
            default:
                offset += 1
            }
        }
        throw failure("the string that starts here is never closed with a quote", at: quote)
    }

    /// Checks the escape that starts here and passes over it.
    private mutating func checkEscape() throws(JSONSyntaxError) {
        guard offset + 1 < bytes.count else { throw failure("the text ends within a string") }
        switch bytes[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u"):
            try checkUnicodeEscape()
        default:
            throw failure("a backslash must be followed by one of \" \\ / b f n r t u")
        }
    }

    private mutating func checkUnicodeEscape() throws(JSONSyntaxError) {
        guard let unit = JSONEscapes.codeUnit(bytes, at: offset) else {
            throw failure("\\u must be followed by four hexadecimal digits")
        }
        if unit & 0xFC00 == 0xD800, let low = JSONEscapes.codeUnit(bytes, at: offset + 6), low & 0xFC00 == 0xDC00 {
            offset += 12
            return
        }
        if unit & 0xF800 == 0xD800, !options.replacesLoneSurrogates {
            throw failure("half of a surrogate pair: \\ud800-\\udbff must be followed by \\udc00-\\udfff")
        }
        offset += 6
    }

    // MARK: - Numbers and literals

    /// Checks the number that starts here and passes over it.
    mutating func scanNumber() throws(JSONSyntaxError) -> Range<Int> {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") {
            offset += 1
            if let next, Self.isDigit(next) { throw failure("a number must not start with 0", at: start) }
        } else {
            try scanDigits("a digit")
        }
        if next == UInt8(ascii: ".") {
            offset += 1
            try scanDigits("a digit after the decimal point")
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try scanDigits("a digit in the exponent")
        }
        return start..<offset
    }

    private mutating func scanDigits(_ expectation: String) throws(JSONSyntaxError) {
        guard let next, Self.isDigit(next) else { throw unexpected(expectation) }
        while offset < bytes.count, Self.isDigit(bytes[offset]) { offset += 1 }
    }

    /// Passes over `word` if it stands here.
    mutating func skipLiteral(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard offset + length <= bytes.count else { return false }
        for index in 0..<length where bytes[offset + index] != word.utf8Start[index] { return false }
        offset += length
        return true
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    // MARK: - Errors

    /// An error at `place`, by default at the next byte.
    func failure(_ message: String, at place: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(message: message, position: TextPosition(of: place ?? offset, in: bytes))
    }

    /// `expected …, found …` at the next byte.
    func unexpected(_ expectation: String) -> JSONSyntaxError {
        failure("expected \(expectation), found \(foundText)")
    }

    /// The character that stands here, for messages.
    private var foundText: String {
        guard let next else { return "the end of the text" }
        if next < 0x20 || next == 0x7F { return Self.name(of: next) }
        let scalars = String(decoding: UnsafeBufferPointer(rebasing: bytes[offset...].prefix(4)), as: UTF8.self)
        return scalars.unicodeScalars.first.map { "'\($0)'" } ?? "nothing"
    }

    private static func name(of control: UInt8) -> String {
        switch control {
        case 0x09: return "a tab"
        case 0x0A: return "a line break"
        case 0x0D: return "a carriage return"
        default: return "the control character 0x" + (control < 16 ? "0" : "") + String(control, radix: 16)
        }
    }
}
