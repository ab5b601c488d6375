/// Finds where a value stands in a text, by walking the text again.
///
/// Only somebody who reports a problem needs a position, so that good documents pay nothing for it.
package enum JSONLocator {
    /// The position of the first byte of the value at `path`.
    ///
    /// Where the path leads to nothing, the innermost array or object on the way to it that is there: the place where
    /// the missing member belongs. The last one of duplicate keys counts, as in ``JSONObject``.
    ///
    /// - Parameter bytes: A text that ``JSONReader`` accepts with the same options.
    /// - Returns: The start of the text if it is not JSON after all.
    package static func position(
        of path: JSONPath,
        in bytes: [UInt8],
        options: JSONReader.Options = JSONReader.Options(allowsComments: true)
    ) -> TextPosition {
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer, options: options)
            var found = 0
            do {
                try scanner.skipBlanks()
                found = scanner.offset
                for step in path.steps {
                    guard let next = try offset(of: step, in: &scanner) else { break }
                    found = next
                    scanner.offset = next
                }
            } catch {
                return TextPosition(of: found, in: buffer)
            }
            return TextPosition(of: found, in: buffer)
        }
    }

    /// The offset of the value one step into the array or object that starts here.
    private static func offset(
        of step: JSONPath.Step,
        in scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Int? {
        switch (step, scanner.next) {
        case (.member(let wanted), UInt8(ascii: "{")):
            return try memberOffset(wanted, in: &scanner)
        case (.index(let wanted), UInt8(ascii: "[")):
            return try elementOffset(wanted, in: &scanner)
        default:
            return nil
        }
    }

    private static func memberOffset(
        _ wanted: String,
        in scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Int? {
        var found: Int?
        scanner.offset += 1
        try scanner.skipBlanks()
        while scanner.next == UInt8(ascii: "\"") {
            let key = try scanner.scanString()
            try scanner.skipBlanks()
            scanner.offset += 1
            try scanner.skipBlanks()
            if key.hasSameBytes(as: wanted) { found = scanner.offset }
            try skipValue(&scanner)
            try scanner.skipBlanks()
            guard scanner.next == UInt8(ascii: ",") else { break }
            scanner.offset += 1
            try scanner.skipBlanks()
        }
        return found
    }

    private static func elementOffset(
        _ wanted: Int,
        in scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> Int? {
        scanner.offset += 1
        try scanner.skipBlanks()
        var index = 0
        while let next = scanner.next, next != UInt8(ascii: "]") {
            if index == wanted { return scanner.offset }
            try skipValue(&scanner)
            try scanner.skipBlanks()
            guard scanner.next == UInt8(ascii: ",") else { return nil }
            scanner.offset += 1
            index += 1
            try scanner.skipBlanks()
        }
        return nil
    }

    /// Passes over the value that starts here by counting brackets; the text is known to be well formed.
    private static func skipValue(_ scanner: inout JSONScanner) throws(JSONSyntaxError) {
        var depth = 0
        repeat {
            try scanner.skipBlanks()
            switch scanner.next {
            case nil: return
            case UInt8(ascii: "\""): _ = try scanner.scanStringContent()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                scanner.offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                scanner.offset += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): scanner.offset += 1
            default: skipWord(&scanner)
            }
        } while depth > 0
    }

    /// Passes over a number or a literal.
    private static func skipWord(_ scanner: inout JSONScanner) {
        while let next = scanner.next {
            switch next {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "/"), 0...0x20: return
            default: scanner.offset += 1
            }
        }
    }
}
