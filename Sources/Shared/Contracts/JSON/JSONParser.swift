/// The grammar of JSON: builds values from tokens.
///
/// Recursive, as deep as ``JSONReader/Options/maximumDepth`` allows.
struct JSONParser {
    private var scanner: JSONScanner
    /// The raw keys of all objects that are open now, the innermost last; one array for all saves allocations.
    private var keys: [Range<Int>] = []
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
        try scanner.skipBlanks()
        let value = try parseValue(depth: 0)
        try scanner.skipBlanks()
        guard scanner.next == nil else { throw scanner.unexpected("nothing after the end of the JSON value") }
        return value
    }

    /// Parses the value that starts here, within `depth` open arrays and objects.
    private mutating func parseValue(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        let isBuilt = depth <= scanner.options.buildDepth
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

    private func checkDepth(_ depth: Int) throws(JSONSyntaxError) {
        guard depth > scanner.options.maximumDepth else { return }
        var error = scanner.failure("nested deeper than \(scanner.options.maximumDepth) levels")
        error.kind = .depth
        throw error
    }

    private mutating func parseArray(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
        try checkDepth(depth)
        let isBuilt = depth <= scanner.options.buildDepth
        var elements: [JSONValue] = []
        scanner.offset += 1
        try scanner.skipBlanks()
        if scanner.next == UInt8(ascii: "]") {
            scanner.offset += 1
            return elements
        }
        while true {
            let element = try parseValue(depth: depth)
            if isBuilt { elements.append(element) }
            try scanner.skipBlanks()
            switch scanner.next {
            case UInt8(ascii: ","):
                scanner.offset += 1
                try scanner.skipBlanks()
                if scanner.next == UInt8(ascii: "]") { throw scanner.unexpected("a value after the comma") }
            case UInt8(ascii: "]"):
                scanner.offset += 1
                return elements
            default:
                throw scanner.unexpected("',' or ']' after an element")
            }
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONSyntaxError) -> [JSONObject.Member] {
        try checkDepth(depth)
        let isBuilt = depth <= scanner.options.buildDepth
        var members: [JSONObject.Member] = []
        let firstKey = keys.count
        scanner.offset += 1
        try scanner.skipBlanks()
        if scanner.next == UInt8(ascii: "}") {
            scanner.offset += 1
            return members
        }
        while true {
            guard scanner.next == UInt8(ascii: "\"") else { throw scanner.unexpected("a key in quotes") }
            if scanner.options.findsDuplicateKeys { try noteKey() }
            let key = isBuilt ? try scanner.scanString() : ""
            if !isBuilt { _ = try scanner.scanStringContent() }
            try scanner.skipBlanks()
            guard scanner.next == UInt8(ascii: ":") else { throw scanner.unexpected("':' after the key") }
            scanner.offset += 1
            try scanner.skipBlanks()
            let value = try parseValue(depth: depth)
            if isBuilt { members.append(JSONObject.Member(key: key, value: value)) }
            try scanner.skipBlanks()
            switch scanner.next {
            case UInt8(ascii: ","):
                scanner.offset += 1
                try scanner.skipBlanks()
                if scanner.next == UInt8(ascii: "}") { throw scanner.unexpected("a key after the comma") }
            case UInt8(ascii: "}"):
                scanner.offset += 1
                findDuplicates(since: firstKey)
                return members
            default:
                throw scanner.unexpected("',' or '}' after a member")
            }
        }
    }

    // MARK: - Duplicate keys

    /// Remembers where the key that is next stands, without passing over it.
    private mutating func noteKey() throws(JSONSyntaxError) {
        var ahead = scanner
        keys.append(try ahead.scanStringContent().0)
    }

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
