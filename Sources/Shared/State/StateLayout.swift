internal import FoundationEssentials

/// Where everything lies in `state.json`, schema 1. The types of the sections' contents are in docs/state-file.md.
///
/// The file is one JSON object whenever no update is half done:
///
/// ```
/// {"format":"pact-mocks-manager/state","schema":1,"moved":"00000000","changes":"0000","sections":[…]     \n  512 bytes
/// ,"processes.ctl":{"seq":"00000000", "A":"len8crc8", "B":"len8crc8", "tick":"00000000"}                 \n  128 bytes
/// ,"processes":                                                                                          \n   64 bytes
/// slot A (capacity bytes)  slot B (capacity bytes)                                                       \n   64 bytes
/// … the same for "source", "broker" and "publication", without "tick" …
///                                                                                                       }\n   64 bytes
/// ```
///
/// Everything between is filled with spaces. Words that change are ASCII digits, aligned so that one store changes
/// them: `moved`, `seq` and `tick` are 8 hexadecimal digits in 8 aligned bytes, `changes` is 4 digits in 4 aligned
/// bytes (a futex word has four bytes; the word wraps from `ffff` to `0000`: only exactly 65,536 commits within one
/// bounded wait would go unnoticed). `seq & 1` names the active slot, A or B; the other one is blank. An entry is the
/// length and the CRC-32C over (the sequence as 4 bytes, little endian; the bytes), 8 digits each.
///
/// `sections` gives each section's offset and slot capacity in bytes. A file is accepted only if its header is, but for
/// `moved` and `changes`, byte for byte the one that this type would write for these capacities.
struct StateLayout: Equatable, Sendable {
    /// The schema that this version reads and writes.
    static let schema = 1
    static let headerSize = 512
    static let movedOffset = 64
    static let changesOffset = 88
    static let controlSize = 128
    static let nameSize = 64
    static let tailSize = 64
    /// Offsets inside a control line.
    static let sequenceOffset = 32
    static let entryOffset = 48
    static let entryStride = 24
    static let tickOffset = 104
    /// Slot capacities are multiples of this.
    static let granularity = 64

    /// The capacities in bytes, in the order of `StateSection.allCases`.
    private(set) var capacities: [Int]

    /// The layout of a file that is made from nothing.
    static let initial = StateLayout(capacities: StateSection.allCases.map(\.initialCapacity))

    /// - Parameter capacities: One for each section, in file order.
    private init(capacities: [Int]) { self.capacities = capacities }

    /// The size of the whole file in bytes.
    var size: Int { capacities.reduce(Self.headerSize + Self.tailSize) { $0 + Self.sectionSize($1) } }

    /// The slot size of `section` in bytes.
    func capacity(_ section: StateSection) -> Int { capacities[section.index] }

    /// Where the control line of `section` begins.
    func control(_ section: StateSection) -> Int {
        capacities[..<section.index].reduce(Self.headerSize) { $0 + Self.sectionSize($1) }
    }

    /// Where slot 0 (A) or 1 (B) of `section` begins.
    func slot(_ section: StateSection, _ slot: Int) -> Int {
        control(section) + Self.controlSize + Self.nameSize + slot * capacity(section)
    }

    /// A layout like this one in which `section` has room for `bytes`: its capacity doubled as often as needed.
    ///
    /// - Returns: `nil` if that is more than ``StateLimits/maximumCapacity``.
    func growing(_ section: StateSection, toHold bytes: Int) -> StateLayout? {
        guard bytes <= StateLimits.maximumCapacity else { return nil }
        var layout = self
        var capacity = capacity(section)
        while capacity < bytes { capacity *= 2 }
        layout.capacities[section.index] = min(capacity, StateLimits.maximumCapacity)
        return layout
    }

    private static func sectionSize(_ capacity: Int) -> Int { controlSize + nameSize + 2 * capacity + tailSize }
}

extension StateLayout {
    /// The 512 bytes of the header of a new file.
    func header() -> [UInt8] {
        var text = Self.beginning + String(Self.schema) + ",\"moved\":"
        text.pad(to: Self.movedOffset - 1)
        text += "\"00000000\",\"changes\":"
        text.pad(to: Self.changesOffset - 1)
        text += "\"0000\",\"sections\":["
        for section in StateSection.allCases {
            if section != StateSection.allCases.first { text += "," }
            text +=
                "{\"name\":\"\(section.rawValue)\",\"offset\":\(control(section)),\"capacity\":\(capacity(section))}"
        }
        text += "]"
        return text.line(Self.headerSize)
    }

    /// The control line and the name line of `section` with the sequence 0 and the content `null` in slot A.
    func frame(_ section: StateSection) -> [UInt8] {
        let empty = SectionEntry(sequence: 0, bytes: Self.emptyContent)
        var text = ",\"\(section.rawValue).ctl\":"
        text.pad(to: Self.sequenceOffset - 8)
        text += "{\"seq\":\"00000000\", \"A\":\"\(empty.text)\", \"B\":\"0000000000000000\""
        if section == .processes {
            text += ", \"tick\":"
            text.pad(to: Self.tickOffset - 1)
            text += "\"00000000\""
        }
        text += "}"
        return text.line(Self.controlSize) + ",\"\(section.rawValue)\":".line(Self.nameSize)
    }

    /// What an empty section holds.
    static let emptyContent = Array("null".utf8)

    private static let beginning = "{\"format\":\"pact-mocks-manager/state\",\"schema\":"

    /// Reads the layout of an existing file and trusts none of it.
    ///
    /// - Parameters:
    ///   - header: The file's first 512 bytes, or fewer if it has fewer.
    ///   - fileSize: The file's size in bytes.
    ///   - path: For messages.
    /// - Throws: `damaged` with the reason, or `newerSchema`.
    init(validating header: [UInt8], fileSize: Int, path: String) throws(StateError) {
        guard header.starts(with: Self.beginning.utf8) else {
            throw .damaged(path: path, reason: "it does not begin like a state file")
        }
        let digits = header.dropFirst(Self.beginning.utf8.count).prefix(10).prefix { (0x30...0x39).contains($0) }
        guard let schema = Int(String(decoding: digits, as: UTF8.self)), schema > 0 else {
            throw .damaged(path: path, reason: "it names no schema")
        }
        guard schema <= Self.schema else { throw .newerSchema(path: path, schema: schema) }
        guard header.count == Self.headerSize else {
            throw .damaged(path: path, reason: "it ends within its header, after \(header.count) bytes")
        }
        guard let named = try? JSONDecoder().decode(Named.self, from: Data(header + [0x7d])) else {
            throw .damaged(path: path, reason: "its header is not valid JSON")
        }
        let names = StateSection.allCases.map(\.rawValue)
        guard named.sections.map(\.name) == names else {
            throw .damaged(path: path, reason: "its sections are not \(names.joined(separator: ", "))")
        }
        let capacities = named.sections.map(\.capacity)
        let allowed = Self.granularity...StateLimits.maximumCapacity
        guard capacities.allSatisfy({ allowed.contains($0) && $0.isMultiple(of: Self.granularity) }) else {
            throw .damaged(path: path, reason: "a slot capacity is out of range")
        }
        self.init(capacities: capacities)
        guard Self.masked(header) == self.header() else {
            throw .damaged(path: path, reason: "its header differs from the format")
        }
        guard fileSize == size else {
            throw .damaged(path: path, reason: "it has \(fileSize) bytes instead of \(size)")
        }
    }

    /// `header` with `moved` and `changes` set to zeros where they are hexadecimal digits.
    static func masked(_ header: [UInt8]) -> [UInt8] {
        var header = header
        for range in [movedOffset..<movedOffset + 8, changesOffset..<changesOffset + 4] {
            for index in range where (0x30...0x39).contains(header[index]) || (0x61...0x66).contains(header[index]) {
                header[index] = 0x30
            }
        }
        return header
    }

    private struct Named: Decodable {
        struct Section: Decodable {
            var name: String
            var capacity: Int
        }
        var sections: [Section]
    }
}

extension StateSection {
    /// The place in file order.
    var index: Int {
        switch self {
        case .processes: 0
        case .source: 1
        case .broker: 2
        case .publication: 3
        }
    }
}

extension String {
    fileprivate mutating func pad(to length: Int) {
        self += String(repeating: " ", count: max(0, length - utf8.count))
    }

    fileprivate func line(_ length: Int) -> [UInt8] {
        var text = self
        text.pad(to: length - 1)
        return Array((text + "\n").utf8)
    }
}
