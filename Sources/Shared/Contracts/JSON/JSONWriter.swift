/// Writes JSON: UTF-8, members in their order, numbers as they are.
///
/// Escapes what JSON requires and nothing else (no `\/`, no `\u00e9`), as Ruby's json does; the broker's content SHA
/// depends on that.
package enum JSONWriter {
    /// Without any white space.
    package static func compact(_ value: JSONValue) -> [UInt8] {
        var output = Output(indents: false)
        output.write(value, level: 0)
        return output.bytes
    }

    /// One member or element a line, two spaces a level, a line feed at the end.
    package static func pretty(_ value: JSONValue) -> [UInt8] {
        var output = Output(indents: true)
        output.write(value, level: 0)
        output.bytes.append(UInt8(ascii: "\n"))
        return output.bytes
    }

    private struct Output {
        var bytes: [UInt8] = []
        let indents: Bool

        mutating func write(_ value: JSONValue, level: Int) {
            switch value {
            case .null: append("null")
            case .bool(let value): append(value ? "true" : "false")
            case .number(let number): append(number.lexeme)
            case .string(let string): write(string)
            case .array(let elements):
                bytes.append(UInt8(ascii: "["))
                for (index, element) in elements.enumerated() {
                    separate(index, level: level + 1)
                    write(element, level: level + 1)
                }
                close(UInt8(ascii: "]"), isEmpty: elements.isEmpty, level: level)
            case .object(let object):
                bytes.append(UInt8(ascii: "{"))
                for (index, member) in object.members.enumerated() {
                    separate(index, level: level + 1)
                    write(member.key)
                    append(indents ? ": " : ":")
                    write(member.value, level: level + 1)
                }
                close(UInt8(ascii: "}"), isEmpty: object.members.isEmpty, level: level)
            }
        }

        private mutating func separate(_ index: Int, level: Int) {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(level)
        }

        private mutating func close(_ bracket: UInt8, isEmpty: Bool, level: Int) {
            if !isEmpty { breakLine(level) }
            bytes.append(bracket)
        }

        private mutating func breakLine(_ level: Int) {
            guard indents else { return }
            bytes.append(UInt8(ascii: "\n"))
            for _ in 0..<level { append("  ") }
        }

        private mutating func append(_ text: String) {
            bytes.append(contentsOf: text.utf8)
        }

        private mutating func write(_ string: String) {
            bytes.append(UInt8(ascii: "\""))
            var string = string
            string.withUTF8 { text in
                var start = 0
                for index in text.indices {
                    let byte = text[index]
                    guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                    escape(byte)
                    start = index + 1
                }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
            }
            bytes.append(UInt8(ascii: "\""))
        }

        private mutating func escape(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x0C: append("\\f")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            default:
                append("\\u00")
                bytes.append(Hex.digit(byte >> 4))
                bytes.append(Hex.digit(byte & 15))
            }
        }
    }
}
