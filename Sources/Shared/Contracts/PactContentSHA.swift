/// The name the Pact Broker gives to a contract's content: its pact version (Tests/Fixtures/sha-vectors).
///
/// A hint, never proof: the broker's own value depends on its release (floats) and configuration.
package enum PactContentSHA {
    /// The pact-version SHA of a document, 40 lower-case hex digits.
    ///
    /// - Returns: `nil` if a number is too large for a double: the broker refuses the document.
    package static func of(_ document: JSONValue) -> String? {
        hashedText(of: document).map { ContentHash.sha1Hex($0) }
    }

    /// The bytes that are hashed: compact JSON of what matters for verification.
    package static func hashedText(of document: JSONValue) -> [UInt8]? {
        let key = ["interactions", "messages"]
            .first { key in
                document[key].map { $0 != .null && $0 != .bool(false) } ?? false
            }
        guard var source = numbersAsRuby(document.withUniqueKeys) else { return nil }
        if let key {
            let original = source[key]
            source = source.sortedByKeys
            if var object = source.object {
                // Whatever is not an array is put back as it was, unsorted.
                object[key] = object[key]?.array.map { .array(sortedByText($0)) } ?? original
                source = .object(object)
            }
        }
        return JSONWriter.compact(contentThatMatters(source))
    }

    /// Interactions, messages and the specification version; the whole document if it has neither array.
    private static func contentThatMatters(_ document: JSONValue) -> JSONValue {
        var content = JSONObject()
        for key in ["interactions", "messages"] {
            if let value = document[key], value.array != nil { content[key] = value }
        }
        if content.members.isEmpty { return document }
        if let version = PactSpecification.versionValue(of: document) {
            content["pact_specification_version"] = version
        }
        return .object(content)
    }

    private static func sortedByText(_ elements: [JSONValue]) -> [JSONValue] {
        elements
            .map { (element: $0, text: JSONWriter.compact($0)) }
            .sorted { $0.text.lexicographicallyPrecedes($1.text) }
            .map(\.element)
    }

    /// The value with its numbers as Ruby prints them: integers exactly, -0 as 0, all others through a double.
    private static func numbersAsRuby(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .number(let number):
            if number.isInteger { return number.lexeme == "-0" ? .number(JSONNumber(0)) : value }
            return RubyFloat.text(number.double).map { .number(JSONNumber(checked: $0)) }
        case .array(let elements):
            var result: [JSONValue] = []
            for element in elements {
                guard let converted = numbersAsRuby(element) else { return nil }
                result.append(converted)
            }
            return .array(result)
        case .object(var object):
            for index in object.members.indices {
                guard let converted = numbersAsRuby(object.members[index].value) else { return nil }
                object.members[index].value = converted
            }
            return .object(object)
        default:
            return value
        }
    }
}
