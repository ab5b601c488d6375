import Shared

/// The content of a contract, read and checked the way the broker reads it.
struct PactDocument: Sendable {
    /// As sent; the last of duplicate keys counts.
    let value: JSONObject
    /// The broker's pact-version SHA (Tests/Fixtures/sha-vectors).
    let sha: String

    /// Why a body is no contract.
    enum Refusal: Error, Equatable {
        /// The parser's own words.
        case syntax(String)
        /// `character` counts from 1; `fragment` is what stands before it.
        case notUTF8(character: Int, fragment: String)
        /// Ruby's name for what it is instead.
        case notObject(rubyClass: String)
    }

    init(_ bytes: [UInt8]) throws(Refusal) {
        let options = JSONReader.Options(maximumDepth: 50, allowsComments: true, replacesLoneSurrogates: false)
        let parsed: JSONValue
        do {
            parsed = try JSONReader.parse(bytes, options: options)
        } catch {
            if String(validating: bytes, as: UTF8.self) == nil {
                let before = String(decoding: bytes[..<error.offset], as: UTF8.self)
                let fragment = String(before.suffix(100))
                throw .notUTF8(character: before.unicodeScalars.count + 1, fragment: fragment)
            }
            throw .syntax("JSON::ParserError - \(error.message) at line \(error.line) column \(error.column)")
        }
        guard case .object(let object) = parsed else { throw .notObject(rubyClass: parsed.rubyClass) }
        guard let sha = PactContentSHA.of(parsed) else {
            throw .syntax("JSON::ParserError - a number is too large")
        }
        value = JSONObject(object.uniqueMembers)
        self.sha = sha
    }

    private init(value: JSONObject, sha: String) {
        self.value = value
        self.sha = sha
    }

    /// The name that `consumer` or `provider` gives, or what is odd about it.
    func name(of side: String) -> NameInContent {
        guard let member = value[side], !member.isNull else { return .absent }
        guard let object = member.object else { return .unusable }
        return switch object["name"] {
        case nil, .null?: .absent
        case .string(let name)?: .given(name)
        case let other?: .given(String(decoding: JSONWriter.compact(other), as: UTF8.self))
        }
    }

    /// What a document says about the name of one side.
    enum NameInContent: Equatable {
        case absent
        case given(String)
        /// `"consumer": "Web"`: the broker fails on it with a 500 [16][65].
        case unusable
    }

    /// The body that is stored: each interaction and message gets its `_id`, and what reading back adds is left out.
    var stored: [UInt8] {
        var object = value
        for key in ["interactions", "messages"] {
            if let elements = object[key]?.array { object[key] = .array(elements.map(Self.withIdentifier)) }
        }
        object["createdAt"] = nil
        object["_links"] = nil
        return JSONWriter.compact(.object(object))
    }

    /// The SHA-1 of an interaction with its keys sorted at every depth, its first member.
    private static func withIdentifier(_ element: JSONValue) -> JSONValue {
        guard var object = element.object, object["_id"] == nil else { return element }
        let identifier = ContentHash.sha1Hex(JSONWriter.compact(JSONValue.object(object).sortedByKeys))
        object.members = [.init(key: "_id", value: .string(identifier))] + object.uniqueMembers
        return .object(object)
    }

    /// The interactions of `stored` and of this document together, under this document's SHA: the broker's own
    /// mistake, kept because clients must survive it [60].
    ///
    /// - Returns: `nil` where the broker fails or refuses: messages, or an interaction that says something else now.
    func merged(into stored: [UInt8]) -> PactDocument? {
        guard let existing = try? PactDocument(stored), var interactions = existing.value["interactions"]?.array,
            let added = value["interactions"]?.array
        else { return nil }
        for interaction in added {
            let same = interactions.first { other in
                other["description"] == interaction["description"]
                    && other["providerState"] == interaction["providerState"]
                    && other["providerStates"] == interaction["providerStates"]
            }
            guard var known = same?.object else {
                interactions.append(interaction)
                continue
            }
            known["_id"] = nil
            if JSONValue.object(known) != interaction { return nil }
        }
        var object = existing.value
        object["interactions"] = .array(interactions)
        return PactDocument(value: object, sha: sha)
    }
}

extension JSONValue {
    /// What Ruby calls it, for the broker's messages.
    var rubyClass: String {
        switch self {
        case .null: "NilClass"
        case .bool(let value): value ? "TrueClass" : "FalseClass"
        case .number(let number): number.isInteger ? "Integer" : "Float"
        case .string: "String"
        case .array: "Array"
        case .object: "Hash"
        }
    }
}
