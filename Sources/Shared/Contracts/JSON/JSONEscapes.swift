/// The escapes within JSON strings.
enum JSONEscapes {
    /// The UTF-16 code unit of the `\uXXXX` at `offset`, or `nil` if there is none.
    static func codeUnit(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> UInt16? {
        guard offset + 6 <= bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt16 = 0
        for index in (offset + 2)..<(offset + 6) {
            guard let digit = Hex.value(of: bytes[index]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// The string that `part`, the checked characters between two quotes, stands for.
    ///
    /// A half of a surrogate pair becomes U+FFFD: a Swift string cannot hold it.
    static func decode(_ part: UnsafeBufferPointer<UInt8>) -> String {
        // No escape is shorter than what it stands for.
        String(unsafeUninitializedCapacity: part.count) { output in
            var source = 0
            var target = 0
            while source < part.count {
                let byte = part[source]
                guard byte == UInt8(ascii: "\\") else {
                    output[target] = byte
                    source += 1
                    target += 1
                    continue
                }
                if let unit = codeUnit(part, at: source) {
                    source += 6
                    let low = codeUnit(part, at: source)
                    var scalar = UInt32(unit)
                    if unit & 0xFC00 == 0xD800, let low, low & 0xFC00 == 0xDC00 {
                        scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
                        source += 6
                    }
                    for encoded in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter
                    {
                        output[target] = encoded
                        target += 1
                    }
                } else {
                    output[target] = simple(source + 1 < part.count ? part[source + 1] : byte)
                    source += 2
                    target += 1
                }
            }
            return target
        }
    }

    /// What the letter after a backslash stands for.
    private static func simple(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }
}
