internal import Shared

/// Writes HTML. Markup can only come from literals, everything that was computed or read goes through ``text(_:)``.
struct HTMLWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 4096) {
        bytes.reserveCapacity(capacity)
    }

    /// Markup from the source, as it is.
    mutating func markup(_ literal: StaticString) {
        literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Text between tags or inside a quoted attribute, whatever it holds.
    mutating func text(_ value: String) {
        var value = value
        let isPlain = value.withUTF8 { buffer in buffer.allSatisfy(Self.isPlain) }
        if isPlain {
            bytes += value.utf8
        } else {
            for (index, scalar) in zip(value.unicodeScalars.indices, value.unicodeScalars) {
                let next = value.unicodeScalars.index(after: index)
                let isLineEnd =
                    scalar == "\r" && next < value.unicodeScalars.endIndex && value.unicodeScalars[next] == "\n"
                if !isLineEnd { append(scalar) }
            }
        }
    }

    /// The constant text of the style sheet, as it was hashed.
    mutating func style() { bytes += PageStyle.text.utf8 }

    /// The constant text of the script, as it was hashed.
    mutating func script() { bytes += PageScript.text.utf8 }

    mutating func number(_ value: Int) { bytes += String(value).utf8 }

    /// `<name attributes>`, what `body` writes, `</name>`.
    mutating func element(
        _ name: StaticString,
        _ attributes: StaticString = "",
        _ body: (inout HTMLWriter) -> Void
    ) {
        markup("<")
        markup(name)
        if attributes.utf8CodeUnitCount > 0 {
            markup(" ")
            markup(attributes)
        }
        markup(">")
        body(&self)
        markup("</")
        markup(name)
        markup(">")
    }

    /// An element that holds text only.
    mutating func element(_ name: StaticString, _ attributes: StaticString = "", text value: String) {
        element(name, attributes) { $0.text(value) }
    }

    /// A name that came from a contract, a file or the broker: its writing direction ends with it.
    mutating func name(_ value: String, limit: Int = 200) {
        element("bdi", text: StateLimits.cut(value, to: limit))
    }

    /// One that is also set in the fixed-width face.
    mutating func code(_ value: String, limit: Int = 200) {
        element("code", "dir=\"auto\"", text: StateLimits.cut(value, to: limit))
    }

    /// The bytes that mean the same in HTML as they do in text.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != 0x26 && byte != 0x3C && byte != 0x3E && byte != 0x22 && byte != 0x27
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "&": markup("&amp;")
        case "<": markup("&lt;")
        case ">": markup("&gt;")
        case "\"": markup("&quot;")
        case "'": markup("&#39;")
        case "\n", "\t": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        case let scalar where Self.isUnseen(scalar):
            bytes += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".utf8
        default: bytes += Array(String(scalar).utf8)
        }
    }

    /// Characters that show nothing themselves but change what a reader sees: controls, marks and overrides of the
    /// writing direction (UAX #9), invisible ones, tags. The joiners U+200C and U+200D stay: scripts need them.
    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0xAD, 0x61C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F,
            0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }
}
