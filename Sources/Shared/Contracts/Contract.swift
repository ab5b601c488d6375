/// A contract as it will be published: who calls whom, and the bytes.
///
/// Parsed from one file, or merged from several by ``ContractMerger``. The parsed tree is not kept: it takes several times
/// the memory of its text, and only merging needs it.
package struct Contract: Equatable, Sendable {
    /// The calling application's name, from the content.
    package var consumer: String
    /// The called application's name, from the content.
    package var provider: String
    /// The files (keys) it came from, ordered by the bytes of their names.
    package var files: [String]
    /// For example `3.0.0` or `4.0`; empty where the contract names none.
    package var specification: String
    /// HTTP interactions: all of `interactions` that are not messages by their v4 `type`.
    package var interactions: Int
    /// Elements of `messages`, and v4 interactions of a message type.
    package var messages: Int
    /// Oddities that break nothing, one sentence each, at most ``maximumWarnings``.
    package var warnings: [String]
    /// What to publish: a file's bytes without byte order mark, or the merged document.
    package var bytes: [UInt8]
    /// SHA-256 of ``bytes``, lower-case hex.
    package var sha256: String

    /// At most so many warnings are kept per contract.
    package static let maximumWarnings = 20

    /// The broker answers 400 to anything nested deeper (Tests/Fixtures/broker, 15).
    package static let maximumDepth = 50

    /// The major version of the specification, or `nil` where none is named.
    package var specificationMajor: Int? { PactSpecification.major(of: specification) }

    /// Reads a file as a contract.
    ///
    /// Refuses what breaks identity, merging or the broker; whatever else is odd becomes a warning.
    ///
    /// - Parameter key: The file's name, for ``files``.
    /// - Throws: ``ContractError`` with line and column.
    package static func parse(key: String, bytes: [UInt8]) throws(ContractError) -> Contract {
        let bytes = try withoutByteOrderMark(bytes)
        var validation = ContractValidation(bytes: bytes)
        let (other, notices) = try reading { () throws(JSONSyntaxError) in
            try JSONReader.visit(bytes, options: options(buildDepth: ContractValidation.depth), &validation)
        }
        for notice in notices { validation.warn(notice.description) }
        let outline = try validation.check(otherValue: other)
        return Contract(
            consumer: outline.consumer,
            provider: outline.provider,
            files: [key],
            specification: outline.specification,
            interactions: outline.interactions,
            messages: outline.messages,
            warnings: validation.warnings,
            bytes: bytes,
            sha256: ContentHash.sha256Hex(bytes)
        )
    }

    /// The whole document. Reads ``bytes`` anew.
    package func document() throws(ContractError) -> JSONValue {
        try Self.reading { () throws(JSONSyntaxError) in
            try JSONReader.parse(bytes, options: Self.options(buildDepth: .max))
        }
    }

    private static func options(buildDepth: Int) -> JSONReader.Options {
        JSONReader.Options(
            maximumDepth: maximumDepth,
            allowsComments: true,
            findsDuplicateKeys: true,
            replacesLoneSurrogates: false,
            buildDepth: buildDepth
        )
    }

    private static func reading<Result>(
        _ body: () throws(JSONSyntaxError) -> Result
    ) throws(ContractError) -> Result {
        do {
            return try body()
        } catch {
            switch error.kind {
            case .grammar: throw ContractError("not JSON: \(error.message)", at: error.position)
            case .encoding: throw ContractError("\(error.message); save the file as UTF-8", at: error.position)
            case .depth: throw ContractError("\(error.message), which the broker refuses", at: error.position)
            }
        }
    }

    /// The bytes after a UTF-8 byte order mark, which the broker refuses (Tests/Fixtures/broker, 15).
    private static func withoutByteOrderMark(_ bytes: [UInt8]) throws(ContractError) -> [UInt8] {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw ContractError("not UTF-8 but UTF-16; save the file as UTF-8")
        }
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        if content.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
            throw ContractError("the file is empty; put a Pact contract into it or remove it")
        }
        return content
    }
}
