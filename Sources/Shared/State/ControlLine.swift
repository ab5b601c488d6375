/// A private copy of a section's control line, as one `pread` found it.
struct ControlLine: Equatable, Sendable {
    /// The sequence of the last commit.
    var sequence: UInt32
    /// The entry of the active slot, `sequence & 1`.
    var entry: SectionEntry

    /// - Parameter bytes: The 128 bytes of the line.
    /// - Returns: `nil` if a word is not hexadecimal: torn at this moment, or damaged.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == StateLayout.controlSize,
            let sequence = Self.word(bytes, StateLayout.sequenceOffset)
        else { return nil }
        let offset = StateLayout.entryOffset + Int(sequence & 1) * StateLayout.entryStride
        guard let length = Self.word(bytes, offset), let checksum = Self.word(bytes, offset + 8) else { return nil }
        self.sequence = sequence
        entry = SectionEntry(length: length, checksum: checksum)
    }

    /// The number at `offset` of `bytes`, or `nil` if there are no eight digits.
    static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32? {
        guard offset + 8 <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { HexWord.decode($0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }
}
