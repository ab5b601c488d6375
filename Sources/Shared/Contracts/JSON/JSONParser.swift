/// The grammar of JSON: builds values from tokens.
///
/// Recursive, as deep as ``JSONReader/Options/maximumDepth`` allows.
struct JSONParser {
    private(set) var scanner: JSONScanner
    /// How many more values may be built; the rest is checked, but comes out as nothing.
    var budget = Int.max
    /// The raw keys of all objects that are open now, the innermost last; one array for all saves allocations.
    private var keys: [Range<Int>] = []
    /// At most so many keys are looked at for duplicates at a time: a warning must not cost memory or seconds.
    private static let maximumKeys = 20_000
    private var duplicates: [JSONNotice] = []

    init(_ scanner: JSONScanner) {
        self.scanner = scanner
    }

    /// What was odd, once the document is parsed.
    var notices: [JSONNotice] {
        guard let comment = scanner.firstComment else { return duplicates }
        return [JSONNotice(kind: .comment, position: TextPosition(of: comment, in: scanner.bytes))] + duplicates
    }

    /// Parses a value with nothing but blanks around it.
    mutating func parseDocument() throws(JSONSyntaxError) -> JSONValue {
        try parseWhole { parser throws(JSONSyntaxError) in try parser.parseValue(depth: 0) }
    }

    /// Passes over blanks, lets `body` parse a value, and makes sure that nothing follows.
    mutating func parseWhole<Result>(
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> Result
    ) throws(JSONSyntaxError) -> Result {
        try scanner.skipBlanks()
        let value = try body(&self)
        try scanner.skipBlanks()
        guard scanner.next == nil else { throw scanner.unexpected("nothing after the end of the JSON value") }
        return value
    }

    /// Parses the value that starts here, within `depth` open arrays and objects.
    mutating func parseValue(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        let isBuilt = isBuilt(depth)
        if isBuilt { budget -= 1 }
        switch scanner.next {
        case UInt8(ascii: "{"):
            return .object(JSONObject(try parseObject(depth: depth + 1)))
        case UInt8(ascii: "["):
            return .array(try parseArray(depth: depth + 1))
        case UInt8(ascii: "\""):
            if isBuilt { return .string(try scanner.scanString()) }
            _ = try scanner.scanStringContent()
            return .null
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            let range = try scanner.scanNumber()
            guard isBuilt else { return .null }
            let lexeme = UnsafeBufferPointer(rebasing: scanner.bytes[range])
            return .number(JSONNumber(checked: String(decoding: lexeme, as: UTF8.self)))
        case UInt8(ascii: "t") where scanner.skipLiteral("true"):
            return .bool(true)
        case UInt8(ascii: "f") where scanner.skipLiteral("false"):
            return .bool(false)
        case UInt8(ascii: "n") where scanner.skipLiteral("null"):
            return .null
        default:
            throw scanner.unexpected("a value")
        }
    }

    private func isBuilt(_ depth: Int) -> Bool { budget > 0 && depth <= scanner.options.buildDepth }

    private func checkDepth(_ depth: Int) throws(JSONSyntaxError) {
        guard depth > scanner.options.maximumDepth else { return }
        var error = scanner.failure("nested deeper than \(scanner.options.maximumDepth) levels")
        error.kind = .depth
        throw error
    }

    private mutating func parseArray(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
        let isBuilt = isBuilt(depth)
        var elements: [JSONValue] = []
        try parseElements(depth: depth) { parser throws(JSONSyntaxError) in
            let element = try parser.parseValue(depth: depth)
            if isBuilt, parser.budget > 0 { elements.append(element) }
        }
        return elements
    }

    private mutating func parseObject(depth: Int) throws(JSONSyntaxError) -> [JSONObject.Member] {
        let isBuilt = isBuilt(depth)
        var members: [JSONObject.Member] = []
        try parseMembers(depth: depth, readsKeys: isBuilt) { parser, key throws(JSONSyntaxError) in
            let value = try parser.parseValue(depth: depth)
            if isBuilt, parser.budget > 0 { members.append(JSONObject.Member(key: key, value: value)) }
        }
        return members
    }

    /// Passes over the array that starts here, calling `element` where each of its elements starts.
    mutating func parseElements(
        depth: Int,
        _ element: (inout JSONParser) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try checkDepth(depth)
        scanner.offset += 1
        try scanner.skipBlanks()
        if scanner.next == UInt8(ascii: "]") {
            scanner.offset += 1
            return
        }
        while true {
            try element(&self)
            try scanner.skipBlanks()
            switch scanner.next {
            case UInt8(ascii: ","):
                scanner.offset += 1
                try scanner.skipBlanks()
                if scanner.next == UInt8(ascii: "]") { throw scanner.unexpected("a value after the comma") }
            case UInt8(ascii: "]"):
                scanner.offset += 1
                return
            default:
                throw scanner.unexpected("',' or ']' after an element")
            }
        }
    }

    /// Passes over the object that starts here, calling `member` with each key (empty if keys are not read) where its
    /// value starts.
    mutating func parseMembers(
        depth: Int,
        readsKeys: Bool,
        _ member: (inout JSONParser, String) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try checkDepth(depth)
        let firstKey = keys.count
        scanner.offset += 1
        try scanner.skipBlanks()
        if scanner.next == UInt8(ascii: "}") {
            scanner.offset += 1
            return
        }
        while true {
            guard scanner.next == UInt8(ascii: "\"") else { throw scanner.unexpected("a key in quotes") }
            let key = try scanKey(isRead: readsKeys)
            try scanner.skipBlanks()
            guard scanner.next == UInt8(ascii: ":") else { throw scanner.unexpected("':' after the key") }
            scanner.offset += 1
            try scanner.skipBlanks()
            try member(&self, key)
            try scanner.skipBlanks()
            switch scanner.next {
            case UInt8(ascii: ","):
                scanner.offset += 1
                try scanner.skipBlanks()
                if scanner.next == UInt8(ascii: "}") { throw scanner.unexpected("a key after the comma") }
            case UInt8(ascii: "}"):
                scanner.offset += 1
                findDuplicates(since: firstKey)
                return
            default:
                throw scanner.unexpected("',' or '}' after a member")
            }
        }
    }

    private mutating func scanKey(isRead: Bool) throws(JSONSyntaxError) -> String {
        let start = scanner.offset
        let key = isRead ? try scanner.scanString() : ""
        if !isRead { _ = try scanner.scanStringContent() }
        if scanner.options.findsDuplicateKeys, keys.count < Self.maximumKeys {
            keys.append((start + 1)..<(scanner.offset - 1))
        }
        return key
    }

    // MARK: - Duplicate keys

    /// Reports equal keys among those of the object that ends here, and forgets them.
    ///
    /// Compares them as written: `"a"` and `"\u0061"` in one object are not noticed, which costs only a warning.
    private mutating func findDuplicates(since first: Int) {
        defer { keys.removeSubrange(first...) }
        let own = keys[first...]
        guard own.count > 1, duplicates.count < JSONReader.maximumNotices else { return }
        if own.count <= 16 {
            for later in own.indices.dropFirst() where own[..<later].contains(where: { isSameText($0, own[later]) }) {
                report(own[later])
            }
            return
        }
        let bytes = scanner.bytes
        let sorted = own.sorted { a, b in
            let left = bytes[a]
            let right = bytes[b]
            return left.lexicographicallyPrecedes(right) || (a.lowerBound < b.lowerBound && left.elementsEqual(right))
        }
        for (previous, key) in zip(sorted, sorted.dropFirst()) where isSameText(previous, key) { report(key) }
    }

    private func isSameText(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        a.count == b.count && scanner.bytes[a].elementsEqual(scanner.bytes[b])
    }

    private mutating func report(_ key: Range<Int>) {
        guard duplicates.count < JSONReader.maximumNotices else { return }
        let text = JSONEscapes.decode(UnsafeBufferPointer(rebasing: scanner.bytes[key]))
        let position = TextPosition(of: key.lowerBound - 1, in: scanner.bytes)
        duplicates.append(JSONNotice(kind: .duplicateKey(text), position: position))
    }
}
