import FoundationEssentials
import Glibc
import Testing

@testable import Shared

@Suite struct StateLayoutTests {
    @Test(arguments: [0, 1, 9, 10, 255, 65_535, 65_536, 0xdead_beef, UInt32.max] as [UInt32])
    func aHexWordReadsBackAndIsTextInMemory(_ value: UInt32) {
        let word = HexWord.encode(value)
        let digits = String(value, radix: 16)
        let text = withUnsafeBytes(of: word) { String(decoding: $0, as: UTF8.self) }
        #expect(text == String(repeating: "0", count: 8 - digits.count) + digits)
        #expect(HexWord.decode(word) == value)
        let half = withUnsafeBytes(of: HexWord.lowerHalf(word)) { String(decoding: $0, as: UTF8.self) }
        #expect(half == text.suffix(4))
        let short = UInt16(truncatingIfNeeded: value)
        #expect(HexWord.decode(HexWord.encode(short)) == short)
        #expect(withUnsafeBytes(of: HexWord.encode(short)) { String(decoding: $0, as: UTF8.self) } == text.suffix(4))
    }

    @Test(arguments: ["0000000g", "0000000A", "        ", "-0000001"])
    func aWordThatIsNotLowerCaseHexIsRefused(_ text: String) {
        let word = Array(text.utf8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        #expect(HexWord.decode(word) == nil)
    }

    @Test func theHeaderSaysWhereEverythingIs() throws {
        let layout = StateLayout.initial
        let header = layout.header()
        #expect(header.count == 512)
        #expect(try StateLayout(validating: header, fileSize: layout.size, path: "x") == layout)
        #expect(layout.capacities == [16_384, 131_072, 4096, 262_144])
        #expect(layout.control(.processes) == 512)
        #expect(String(decoding: header[64..<72], as: UTF8.self) == "00000000")
        #expect(String(decoding: header[88..<92], as: UTF8.self) == "0000")
        for section in StateSection.allCases {
            #expect(layout.control(section).isMultiple(of: 64))
            let frame = layout.frame(section)
            #expect(frame.count == 192)
            #expect(frame[127] == 0x0a && frame[191] == 0x0a)
            #expect(ControlLine.word(frame, StateLayout.sequenceOffset) == 0)
            #expect((ControlLine.word(frame, StateLayout.tickOffset) == 0) == (section == .processes))
            let control = try #require(ControlLine(Array(frame[..<128])))
            #expect(control.entry == SectionEntry(sequence: 0, bytes: Array("null".utf8)))
        }
        #expect(layout.size == 512 + 4 * 256 + 2 * (16_384 + 131_072 + 4096 + 262_144) + 64)
    }

    @Test func theWordsThatChangeDoNotMatterForTheCheck() throws {
        var header = StateLayout.initial.header()
        header.replaceSubrange(64..<72, with: Array("00000001".utf8))
        header.replaceSubrange(88..<92, with: Array("beef".utf8))
        #expect(throws: Never.self) {
            try StateLayout(validating: header, fileSize: StateLayout.initial.size, path: "x")
        }
    }

    @Test(arguments: [0, 30, 46, 70, 90, 110, 150, 300, 400, 511])
    func oneChangedByteInTheHeaderIsFound(_ index: Int) {
        var header = StateLayout.initial.header()
        header[index] = header[index] == 0x7e ? 0x21 : 0x7e
        #expect(throws: StateError.self) {
            try StateLayout(validating: header, fileSize: StateLayout.initial.size, path: "x")
        }
    }

    @Test func aFileOfAnotherSizeIsDamaged() {
        for size in [0, 511, 512, StateLayout.initial.size - 1, StateLayout.initial.size + 1] {
            #expect(throws: StateError.self) {
                try StateLayout(validating: StateLayout.initial.header(), fileSize: size, path: "x")
            }
        }
    }

    @Test func aNewerSchemaIsToldFromDamage() {
        let text = String(decoding: StateLayout.initial.header(), as: UTF8.self)
        let newer = Array(text.replacing("\"schema\":1", with: "\"schema\":2").utf8)
        #expect(throws: StateError.newerSchema(path: "x", schema: 2)) {
            try StateLayout(validating: newer, fileSize: 10, path: "x")
        }
    }

    @Test func aSlotDoublesUntilItFitsAndNoFurtherThanFourMebibytes() throws {
        let grown = try #require(StateLayout.initial.growing(.broker, toHold: 20_000))
        #expect(grown.capacity(.broker) == 32_768)
        #expect(grown.capacity(.publication) == StateLayout.initial.capacity(.publication))
        #expect(try StateLayout(validating: grown.header(), fileSize: grown.size, path: "x") == grown)
        #expect(StateLayout.initial.growing(.broker, toHold: StateLimits.maximumCapacity)?.capacity(.broker) == 4 << 20)
        #expect(StateLayout.initial.growing(.broker, toHold: StateLimits.maximumCapacity + 1) == nil)
    }

    @Test func theChecksumBelongsToTheSequence() {
        let bytes = Array("{}".utf8)
        #expect(SectionEntry(sequence: 1, bytes: bytes) != SectionEntry(sequence: 2, bytes: bytes))
        // CRC-32C of "123456789" is 0xe3069283 (RFC 3720, appendix B.4 gives the polynomial); over 4 zero bytes and
        // nothing else it is 0x48674bc7.
        #expect(SectionEntry(sequence: 0, bytes: []).checksum == 0x4867_4bc7)
        #expect(SectionEntry(sequence: 0x3433_3231, bytes: Array("56789".utf8)).checksum == 0xe306_9283)
    }

    @Test func aParityIsNeverUsedTwiceInARow() {
        #expect(SectionMemory.successor(of: 4, former: nil) == 5)
        #expect(SectionMemory.successor(of: 4, former: 4) == 5)
        #expect(SectionMemory.successor(of: 0, former: 3) == 5)
        #expect(SectionMemory.successor(of: 0, former: 4) == 5)
        #expect(SectionMemory.successor(of: .max, former: .max) == 0)
    }
}
