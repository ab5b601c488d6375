/// Takes a large document in small pieces, so that checking it costs no memory to speak of.
///
/// A document's tree can take twenty times the memory of its text, which nobody may use to exhaust a worker.
protocol JSONOutlineVisitor {
    /// Says what to do with a top-level member. Called in the order of the text, also for duplicate keys.
    mutating func treatment(of key: String) -> JSONOutlineTreatment
    /// Takes the value of a member to be kept, or a stand-in (empty, but of the same kind) of one to be visited.
    mutating func keep(_ value: JSONValue, of key: String)
    /// Takes the next element of an array to be visited; 0 is the first.
    mutating func visit(_ element: JSONValue, at index: Int, of key: String)
}

/// What becomes of a top-level member.
enum JSONOutlineTreatment {
    /// Its value is built, as deep as the options say.
    case keep
    /// Its value is checked and forgotten.
    case skip
    /// If it is an array, its elements are built one after the other, each as deep as the options say.
    case visitElements
}

extension JSONParser {
    /// At most so many values of one member or element are built; what lies beyond is checked and forgotten.
    static var outlineBudget: Int { 50_000 }

    /// Parses a document, giving its top-level members to `visitor`.
    ///
    /// - Returns: The document's value if it is no object, else `nil`.
    mutating func parseOutline(
        _ visitor: inout some JSONOutlineVisitor
    ) throws(JSONSyntaxError) -> JSONValue? {
        try parseWhole { parser throws(JSONSyntaxError) in
            guard parser.scanner.next == UInt8(ascii: "{") else {
                parser.budget = Self.outlineBudget
                return try parser.parseValue(depth: 0)
            }
            try parser.parseMembers(depth: 1, readsKeys: true) { parser, key throws(JSONSyntaxError) in
                try parser.parseOutlineMember(key, &visitor)
            }
            return nil
        }
    }

    private mutating func parseOutlineMember(
        _ key: String,
        _ visitor: inout some JSONOutlineVisitor
    ) throws(JSONSyntaxError) {
        let treatment = visitor.treatment(of: key)
        if treatment == .visitElements, scanner.next == UInt8(ascii: "[") {
            visitor.keep([], of: key)
            var index = 0
            try parseElements(depth: 2) { parser throws(JSONSyntaxError) in
                parser.budget = Self.outlineBudget
                visitor.visit(try parser.parseValue(depth: 2), at: index, of: key)
                index += 1
            }
            return
        }
        budget = treatment == .skip ? 0 : Self.outlineBudget
        let value = try parseValue(depth: 1)
        if treatment != .skip { visitor.keep(value, of: key) }
    }
}
