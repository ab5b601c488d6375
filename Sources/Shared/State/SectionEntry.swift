internal import CLinux

/// A slot's length and checksum, as they stand in the control line.
package struct SectionEntry: Equatable, Sendable {
    /// Length of the content in bytes.
    var length: UInt32
    /// CRC-32C over the sequence (4 bytes, little endian) and the content: a slot can never pass for that of another
    /// sequence number.
    var checksum: UInt32

    init(length: UInt32, checksum: UInt32) {
        self.length = length
        self.checksum = checksum
    }

    /// The entry for `bytes` when they are committed as number `sequence`.
    init(sequence: UInt32, bytes: [UInt8]) {
        length = UInt32(bytes.count)
        checksum = withUnsafeBytes(of: sequence.littleEndian) { number in
            bytes.withUnsafeBytes { content in
                clinux_crc32c(clinux_crc32c(0, number.baseAddress, number.count), content.baseAddress, content.count)
            }
        }
    }

    /// 16 hexadecimal digits.
    var text: String {
        withUnsafeBytes(of: HexWord.encode(length)) { String(decoding: $0, as: UTF8.self) }
            + withUnsafeBytes(of: HexWord.encode(checksum)) { String(decoding: $0, as: UTF8.self) }
    }
}
