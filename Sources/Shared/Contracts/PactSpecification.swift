/// The version of the Pact specification that a contract says it follows.
package enum PactSpecification {
    /// The version, for example `3.0.0` or `4.0`; empty where the document names none.
    ///
    /// Tools have written it in three places; the order is the broker's (Tests/Fixtures/sha-vectors).
    package static func version(of document: JSONValue) -> String {
        switch versionValue(of: document) {
        case .string(let text): text
        case .number(let number): number.lexeme
        default: ""
        }
    }

    /// The member that holds the version, of whatever kind; `nil` where there is none, or only null and false.
    static func versionValue(of document: JSONValue) -> JSONValue? {
        let metadata = document["metadata"]
        let candidates = [
            metadata?["pactSpecification"]?["version"],
            metadata?["pact-specification"]?["version"],
            metadata?["pactSpecificationVersion"],
        ]
        return candidates.compactMap { $0 }.first { $0 != .null && $0 != .bool(false) }
    }

    /// The major version in `version`, or `nil` if it does not start with a number.
    package static func major(of version: String) -> Int? {
        let digits = version.utf8.drop { $0 == UInt8(ascii: "v") || $0 == UInt8(ascii: "V") }
            .prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int(String(decoding: Array(digits), as: UTF8.self))
    }
}
