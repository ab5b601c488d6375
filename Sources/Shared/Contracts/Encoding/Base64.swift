/// Base64 with the standard alphabet and padding, without line breaks (RFC 4648 §4).
///
/// The only form the broker's publish endpoint takes (Tests/Fixtures/broker, 61).
package enum Base64 {
    /// The text for `bytes`, ASCII.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        let length = (bytes.count + 2) / 3 * 4
        return [UInt8](unsafeUninitializedCapacity: length) { output, count in
            bytes.withUnsafeBufferPointer { input in
                alphabet.withUnsafeBufferPointer { letters in
                    encode(input, letters: letters, into: output)
                }
            }
            count = length
        }
    }

    /// The text for `bytes`.
    package static func encodeToString(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    /// The bytes that `text` stands for.
    ///
    /// - Returns: `nil` for anything `encode` would not have written: other characters, white space, the URL alphabet,
    ///   missing padding, padding inside, bits set that padding cuts off.
    package static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = Array(text)
        guard text.count.isMultiple(of: 4) else { return nil }
        guard !text.isEmpty else { return [] }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let digits = text.count - padding
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var index = 0
        while index + 4 <= digits {
            let word =
                values[Int(text[index])] << 18 | values[Int(text[index + 1])] << 12
                | values[Int(text[index + 2])] << 6 | values[Int(text[index + 3])]
            // A character outside the alphabet has the value `invalid`, whose high bit no shift above loses.
            if word & invalid != 0 { return nil }
            result.append(UInt8(truncatingIfNeeded: word >> 16))
            result.append(UInt8(truncatingIfNeeded: word >> 8))
            result.append(UInt8(truncatingIfNeeded: word))
            index += 4
        }
        guard padding > 0 else { return result }
        var word: UInt64 = 0
        for offset in index..<digits { word = word << 6 | values[Int(text[offset])] }
        let unused = UInt64(padding * 2)
        if word & invalid != 0 || word & ((1 << unused) - 1) != 0 { return nil }
        word >>= unused
        if padding == 1 { result.append(UInt8(truncatingIfNeeded: word >> 8)) }
        result.append(UInt8(truncatingIfNeeded: word))
        return result
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// All bits above the 24 that four digits fill.
    private static let invalid: UInt64 = ~0xFF_FFFF

    /// The value of each character, `invalid` for those outside the alphabet.
    private static let values: [UInt64] = {
        var values = [UInt64](repeating: invalid, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt64(value) }
        return values
    }()

    private static func encode(
        _ input: UnsafeBufferPointer<UInt8>,
        letters: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) {
        var source = 0
        var target = 0
        while source < input.count {
            let left = input.count - source
            let word =
                UInt32(input[source]) << 16 | (left > 1 ? UInt32(input[source + 1]) << 8 : 0)
                | (left > 2 ? UInt32(input[source + 2]) : 0)
            output[target] = letters[Int(word >> 18)]
            output[target + 1] = letters[Int(word >> 12 & 63)]
            output[target + 2] = left > 1 ? letters[Int(word >> 6 & 63)] : UInt8(ascii: "=")
            output[target + 3] = left > 2 ? letters[Int(word & 63)] : UInt8(ascii: "=")
            source += 3
            target += 4
        }
    }
}
