/// Writes JSON with keys in the order in which they are written, so that the ancestor's keys come first.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(reserving capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// One object with what `body` writes into it.
    static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(body)
        return writer.bytes
    }

    mutating func object(_ body: (inout JSONWriter) -> Void) {
        open(0x7B)
        body(&self)
        close(0x7D)
    }

    mutating func array<Elements: Sequence>(_ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void)
    {
        open(0x5B)
        for element in elements { body(&self, element) }
        close(0x5D)
    }

    mutating func object(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        name(key)
        object(body)
    }

    mutating func array<Elements: Sequence>(
        _ key: StaticString,
        _ elements: Elements,
        _ body: (inout JSONWriter, Elements.Element) -> Void
    ) {
        name(key)
        array(elements, body)
    }

    mutating func strings(_ key: StaticString, _ values: some Sequence<String>) {
        array(key, values) { $0.string($1) }
    }

    mutating func field(_ key: StaticString, _ value: String) {
        name(key)
        string(value)
    }

    /// `null` for `nil`.
    mutating func field(_ key: StaticString, orNull value: String?) {
        name(key)
        if let value { string(value) } else { raw("null") }
    }

    /// Left out for `nil`.
    mutating func field(_ key: StaticString, ifPresent value: String?) {
        if let value { field(key, value) }
    }

    mutating func field(_ key: StaticString, _ value: Bool) {
        name(key)
        raw(value ? "true" : "false")
    }

    mutating func field(_ key: StaticString, _ value: Int) {
        name(key)
        separate()
        bytes += Array(String(value).utf8)
        needsComma = true
    }

    /// A value that is JSON already.
    mutating func field(_ key: StaticString, encoded value: some Sequence<UInt8>) {
        name(key)
        separate()
        bytes += value
        needsComma = true
    }

    /// Members of an object, encoded already, without its braces.
    mutating func members(_ value: [UInt8]) {
        separate()
        bytes += value
        needsComma = true
    }

    mutating func string(_ value: String) {
        separate()
        bytes.append(0x22)
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }) {
            bytes.append(contentsOf: value.utf8)
        } else {
            escape(value)
        }
        bytes.append(0x22)
        needsComma = true
    }

    private mutating func escape(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case 0x22, 0x5C:
                bytes.append(0x5C)
                bytes.append(byte)
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0x00..<0x20, 0x7F:
                append("\\u00")
                bytes.append(Self.hexDigit(byte >> 4))
                bytes.append(Self.hexDigit(byte & 15))
            default: bytes.append(byte)
            }
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    private mutating func name(_ key: StaticString) {
        separate()
        bytes.append(0x22)
        append(key)
        bytes.append(0x22)
        bytes.append(0x3A)
        needsComma = false
    }

    private mutating func raw(_ text: StaticString) {
        separate()
        append(text)
        needsComma = true
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }
}
