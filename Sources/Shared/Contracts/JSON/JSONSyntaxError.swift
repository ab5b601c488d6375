/// Why a text is not JSON, and where.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// What kind of rule is broken.
    package enum Kind: Equatable, Sendable {
        /// The grammar of JSON.
        case grammar
        /// The bytes are not UTF-8.
        case encoding
        /// Nested deeper than ``JSONReader/Options/maximumDepth``.
        case depth
    }

    package var kind: Kind
    /// What was expected and what stands there instead, for people; without the position.
    package var message: String
    /// The first byte that is wrong.
    package var position: TextPosition

    package init(kind: Kind = .grammar, message: String, position: TextPosition) {
        self.kind = kind
        self.message = message
        self.position = position
    }

    /// 1 for the first line.
    package var line: Int { position.line }
    /// 1 for the first character, in Unicode scalars.
    package var column: Int { position.column }
    /// Bytes before the error.
    package var offset: Int { position.offset }

    package var description: String { "\(message) (\(position))" }
}
