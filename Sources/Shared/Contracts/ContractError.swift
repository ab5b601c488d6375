/// Why a file is no contract that could be published.
package struct ContractError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One sentence: the field or what stands in the text, and what to do; without the position.
    package var message: String
    /// Where, if it is at a place in the text.
    package var position: TextPosition?

    package init(_ message: String, at position: TextPosition? = nil) {
        self.message = message
        self.position = position
    }

    /// 1 for the first line.
    package var line: Int? { position?.line }
    /// 1 for the first character, in Unicode scalars.
    package var column: Int? { position?.column }

    package var description: String {
        guard let position else { return message }
        return "\(message) (\(position))"
    }
}
