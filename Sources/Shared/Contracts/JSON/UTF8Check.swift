/// Whether bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
enum UTF8Check {
    /// The offset of the first byte of the first sequence that is not UTF-8, or `nil` if all are.
    static func firstInvalidOffset(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let raw = UnsafeRawBufferPointer(bytes)
        let count = bytes.count
        var offset = 0
        while offset < count {
            // Contracts are mostly ASCII: eight bytes at a time while no high bit is set.
            while offset + 8 <= count, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & asciiMask == 0 {
                offset += 8
            }
            if offset == count { return nil }
            if bytes[offset] < 0x80 {
                offset += 1
                continue
            }
            guard let length = sequenceLength(at: offset, in: bytes) else { return offset }
            offset += length
        }
        return nil
    }

    private static let asciiMask: UInt64 = 0x8080_8080_8080_8080

    /// The length of the well-formed sequence of two to four bytes at `offset`, or `nil` (Unicode table 3-7).
    private static func sequenceLength(at offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[offset] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return nil
        }
        guard offset + length <= bytes.count, second.contains(bytes[offset + 1]) else { return nil }
        for index in (offset + 2)..<(offset + max(length, 2)) where bytes[index] & 0xC0 != 0x80 { return nil }
        return length
    }
}
