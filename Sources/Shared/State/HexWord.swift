/// Numbers as lower-case hexadecimal text in machine words, so that one aligned store changes all digits at once.
///
/// The first digit is the byte at the lowest address; both words therefore read the same with `cat`.
enum HexWord {
    /// `value` as eight digits.
    static func encode(_ value: UInt32) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<8 {
            word |= UInt64(digit(value >> UInt32(28 - 4 * index))) << UInt64(8 * index)
        }
        return UInt64(littleEndian: word)
    }

    /// The number that eight digits stand for, or `nil` if one of them is none.
    static func decode(_ word: UInt64) -> UInt32? {
        let bytes = UInt64(littleEndian: word)
        var value: UInt32 = 0
        for index in 0..<8 {
            guard let digit = number(UInt8(truncatingIfNeeded: bytes >> UInt64(8 * index))) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    /// `value` as four digits: the form of the `changes` word.
    static func encode(_ value: UInt16) -> UInt32 {
        UInt32(truncatingIfNeeded: UInt64(littleEndian: encode(UInt32(value))) >> 32).littleEndian
    }

    /// The number that four digits stand for, or `nil` if one of them is none.
    static func decode(_ word: UInt32) -> UInt16? {
        let zeros: UInt64 = 0x3030_3030
        let bytes = UInt64(UInt32(littleEndian: word)) << 32 | zeros
        return decode(UInt64(littleEndian: bytes)).map { UInt16(truncatingIfNeeded: $0) }
    }

    /// The last four digits of an eight-digit word: what a futex waits on. The first four change only every 65,536
    /// commits, so a waiter on them would lose wake-ups.
    static func lowerHalf(_ word: UInt64) -> UInt32 {
        UInt32(littleEndian: UInt32(truncatingIfNeeded: UInt64(littleEndian: word) >> 32))
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        let nibble = UInt8(value & 15)
        return nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10
    }

    private static func number(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}
