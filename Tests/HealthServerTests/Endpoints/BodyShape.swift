import Shared

/// The keys of a JSON object in their order, each with the type of its value.
///
/// Written as docs/endpoints.md shows it: `ready: true, provider: string, reason: string?`; a question mark means that the key
/// may be missing. Types are string, boolean, integer, array, object, null, `string or null`, true and false.
struct BodyShape: Sendable, CustomStringConvertible {
    private let keys: [(name: String, type: String, isOptional: Bool)]
    /// More keys may follow.
    private let isOpen: Bool
    let description: String

    init(_ text: String) {
        description = text
        var parts = text.split(separator: ", ").map(String.init)
        isOpen = parts.last == "…"
        if isOpen { parts.removeLast() }
        keys = parts.map { part in
            let words = part.split(separator: ": ").map(String.init)
            let isOptional = words[1].hasSuffix("?")
            return (words[0], isOptional ? String(words[1].dropLast()) : words[1], isOptional)
        }
    }

    /// What is wrong with `body`; `nil`: nothing.
    func mismatch(_ body: [UInt8]) -> String? {
        guard let members = (try? JSONReader.parse(body))?.object?.members else { return "no JSON object" }
        var rest = members[...]
        for key in keys {
            guard let member = rest.first, member.key == key.name else {
                if key.isOptional { continue }
                return "'\(key.name)' expected, '\(rest.first?.key ?? "the end")' found"
            }
            guard Self.type(of: member.value, is: key.type) else { return "'\(key.name)' is no \(key.type)" }
            rest = rest.dropFirst()
        }
        return rest.isEmpty || isOpen ? nil : "'\(rest.first?.key ?? "")' is not expected"
    }

    private static func type(of value: JSONValue, is type: String) -> Bool {
        switch type {
        case "string": value.string != nil
        case "boolean": value.bool != nil
        case "true": value.bool == true
        case "false": value.bool == false
        case "integer": value.int != nil
        case "array": value.array != nil
        case "object": value.object != nil
        case "null": value.isNull
        case "string or null": value.isNull || value.string != nil
        default: false
        }
    }
}
