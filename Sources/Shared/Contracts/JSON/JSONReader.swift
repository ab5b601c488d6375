/// Reads JSON (RFC 8259) from bytes, with line and column for everything that is wrong.
///
/// One reader for contracts, for the broker's answers and for the local broker: numbers keep their characters,
/// duplicate keys and comments are noticed, nesting is bounded so that no text can exhaust the stack.
package enum JSONReader {
    /// What is accepted.
    package struct Options: Sendable {
        /// The greatest number of open arrays and objects. At most 512, whatever is asked for: each costs stack.
        package var maximumDepth: Int
        /// Accepts `//` and `/* */`, as the Pact Broker does (Tests/Fixtures/broker, 15).
        package var allowsComments: Bool
        /// Looks for duplicate keys and reports them as notices.
        package var findsDuplicateKeys: Bool
        /// Takes a `\ud800` without its other half for U+FFFD; otherwise it is an error, as in the Pact Broker.
        package var replacesLoneSurrogates: Bool
        /// Arrays and objects deeper than this are checked, but come out empty, to save memory. 1 is the outermost.
        package var buildDepth: Int

        package init(
            maximumDepth: Int = 128,
            allowsComments: Bool = false,
            findsDuplicateKeys: Bool = false,
            replacesLoneSurrogates: Bool = true,
            buildDepth: Int = .max
        ) {
            self.maximumDepth = min(maximumDepth, 512)
            self.allowsComments = allowsComments
            self.findsDuplicateKeys = findsDuplicateKeys
            self.replacesLoneSurrogates = replacesLoneSurrogates
            self.buildDepth = buildDepth
        }
    }

    /// At most so many notices are kept.
    package static let maximumNotices = 20

    /// Reads one JSON value that fills the whole text.
    package static func parse(
        _ bytes: [UInt8],
        options: Options = Options()
    ) throws(JSONSyntaxError) -> JSONValue {
        try read(bytes, options: options).value
    }

    /// Reads one JSON value that fills the whole text, and what is odd about it.
    ///
    /// - Throws: ``JSONSyntaxError``, also for bytes that are not UTF-8. A byte order mark is not JSON.
    package static func read(
        _ bytes: [UInt8],
        options: Options = Options()
    ) throws(JSONSyntaxError) -> (value: JSONValue, notices: [JSONNotice]) {
        try withParser(bytes, options) { parser throws(JSONSyntaxError) in
            let value = try parser.parseDocument()
            return (value, parser.notices)
        }
    }

    /// Reads a JSON object member by member, without building a tree of it.
    ///
    /// - Returns: The document's value if it is no object, else `nil`; and what is odd about the text.
    static func visit(
        _ bytes: [UInt8],
        options: Options,
        _ visitor: inout some JSONOutlineVisitor
    ) throws(JSONSyntaxError) -> (value: JSONValue?, notices: [JSONNotice]) {
        try withParser(bytes, options) { parser throws(JSONSyntaxError) in
            let value = try parser.parseOutline(&visitor)
            return (value, parser.notices)
        }
    }

    private static func withParser<Result>(
        _ bytes: [UInt8],
        _ options: Options,
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> Result
    ) throws(JSONSyntaxError) -> Result {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONSyntaxError) in
            if let invalid = UTF8Check.firstInvalidOffset(in: buffer) {
                throw JSONSyntaxError(
                    kind: .encoding,
                    message: "not UTF-8: byte 0x\(String(buffer[invalid], radix: 16, uppercase: true))",
                    position: TextPosition(of: invalid, in: buffer)
                )
            }
            var parser = JSONParser(JSONScanner(buffer, options: options))
            return try body(&parser)
        }
    }
}
