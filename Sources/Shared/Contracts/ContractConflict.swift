/// Why several files of one pair cannot be published as one contract.
package struct ContractConflict: Equatable, Sendable, CustomStringConvertible {
    /// What the files disagree about.
    package enum Kind: Equatable, Sendable {
        /// Different major versions of the Pact specification, which give the same members different meanings.
        case specification
        /// Two interactions or messages with the same description and provider state, but different content.
        case interaction
    }

    package var kind: Kind
    /// The two files, in file-name order.
    package var files: [String]
    /// One sentence naming both files, what differs and what to do.
    package var reason: String

    package init(kind: Kind, files: [String], reason: String) {
        self.kind = kind
        self.files = files
        self.reason = reason
    }

    package var description: String { reason }
}
