import Shared

/// What is wrong with the fields of a request, in the order found.
struct ValidationErrors: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        var field: String
        var text: String
        var index: Int?
    }
    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    /// - Parameters:
    ///   - field: With dots for the way inside the document.
    ///   - index: The element of the array `field`, if it is one.
    mutating func add(_ field: String, _ text: String, at index: Int? = nil) {
        entries.append(Entry(field: field, text: text, index: index))
    }

    /// `{"field":["text (at index 0)"]}`.
    var byField: JSONValue {
        var result = JSONObject()
        for entry in entries {
            let text = entry.text + (entry.index.map { " (at index \($0))" } ?? "")
            result[entry.field] = .array((result[entry.field]?.array ?? []) + [.string(text)])
        }
        return .object(result)
    }

    /// The list of a problem+json answer, with JSON pointers instead of indexes.
    func problems(base: String) -> JSONValue {
        .array(
            entries.map { entry in
                let field = String(entry.field.map { $0 == "." ? "/" : $0 })
                return [
                    "type": .string("\(base)/problems/invalid-body-property-value"),
                    "title": "Invalid body parameter", "detail": .string(entry.text),
                    "pointer": .string("/\(field)" + (entry.index.map { "/\($0)" } ?? "")),
                ]
            }
        )
    }
}
