/// Percent-encoding of URL path segments (RFC 3986 §2.1).
package enum PercentEncoding {
    /// `text` as one segment of a path: everything but the unreserved characters is encoded, byte by byte of its UTF-8.
    ///
    /// `/` becomes `%2F` and a space `%20`, which is what the broker decodes, once (Tests/Fixtures/broker, 20 and 21). The
    /// segments `.` and `..` have no encoding that every client and proxy leaves alone; they are returned as they are.
    package static func pathSegment(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(upperCaseDigit(byte >> 4))
                result.append(upperCaseDigit(byte & 15))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text that an encoded part of a URL stands for. `+` is a plus.
    ///
    /// - Returns: `nil` if a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    package static func decode(_ text: some StringProtocol) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(Hex.value), let low = bytes.next().flatMap(Hex.value) else {
                return nil
            }
            result.append(high << 4 | low)
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func upperCaseDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
