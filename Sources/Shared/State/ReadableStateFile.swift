internal import CLinux
internal import Glibc
internal import Synchronization

/// `state.json`, opened by a process that only reads.
///
/// Contents are read with `pread`. Only the header's page, and on demand the pages of control lines, are mapped,
/// read-only and guarded: as futex addresses and for a look that costs no system call.
final class ReadableStateFile: Sendable {
    let identity: FileIdentity
    let layout: StateLayout
    private let descriptor: FileDescriptor
    private let path: String
    /// `nil` where it could not be mapped: then every look is a `pread`, and waiting is polling.
    private let header: MappedRegion?
    private let pages = Mutex<[Int: MappedRegion]>([:])

    /// Opens the file and checks its header.
    ///
    /// - Returns: `nil` if there is none.
    static func open(_ path: String) throws(StateError) -> ReadableStateFile? {
        let number = clinux_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
        if number >= 0 { return try ReadableStateFile(FileDescriptor(owning: number), path) }
        let cause = SystemError(call: "open", number: -number, subject: path)
        if cause.meansMissing { return nil }
        throw .system(cause)
    }

    private init(_ descriptor: consuming FileDescriptor, _ path: String) throws(StateError) {
        let bytes: [UInt8]
        let status: stat
        do throws(SystemError) {
            status = try FileIdentity.status(of: descriptor, subject: path)
            bytes = status.isRegularFile ? try SectionReading.bytes(descriptor.number, 0, StateLayout.headerSize) : []
        } catch {
            throw .system(error)
        }
        layout = try StateLayout(validating: bytes, fileSize: Int(status.st_size), path: path)
        identity = FileIdentity(status)
        header = try? MappedRegion(descriptor, length: Int(getpagesize()), writable: false, subject: path)
        self.descriptor = descriptor
        self.path = path
    }

    /// Another file has taken this one's place, as far as its own header or its mapping tells.
    var isMoved: Bool {
        guard let header else { return HexWord.decode(word(at: StateLayout.movedOffset)) != 0 }
        return HexWord.decode(StateMemory.load(header.base + StateLayout.movedOffset)) != 0 || header.faulted
    }

    /// The path still leads to this file, and it has its size.
    var isInPlace: Bool {
        guard let status = FileIdentity.status(of: path) else { return false }
        return FileIdentity(status) == identity && Int(status.st_size) == layout.size
    }

    /// The `changes` word as it stands in the file: four digits.
    var changes: UInt32 {
        guard let header else {
            return UInt32(truncatingIfNeeded: UInt64(littleEndian: word(at: StateLayout.changesOffset)))
        }
        return clinux_load32_acquire(header.base + StateLayout.changesOffset)
    }

    /// The sequence of the last commit of `section`, or `nil` if it cannot be read.
    func sequence(_ section: StateSection) -> UInt32? {
        HexWord.decode(word(at: layout.control(section) + StateLayout.sequenceOffset))
    }

    /// The supervisor's tick, or `nil` if it cannot be read or was never stored.
    func tick() -> UInt32? {
        let tick = HexWord.decode(word(at: layout.control(.processes) + StateLayout.tickOffset))
        return tick == 0 ? nil : tick
    }

    /// Reads a section; see ``SectionReading``.
    func read(_ section: StateSection, known: UInt32?) -> SectionReading.Outcome {
        SectionReading.read(section, of: descriptor.number, layout: layout, known: known)
    }

    /// Sleeps until the `changes` word is no longer `raw`, at most for `timeout`.
    func waitForChanges(from raw: UInt32, timeout: Duration) -> WaitResult {
        wait(header.map { ($0, StateLayout.changesOffset) }, raw, timeout)
    }

    /// Sleeps until the last four digits of the section's sequence are no longer those of `sequence`.
    func wait(for section: StateSection, from sequence: UInt32, timeout: Duration) -> WaitResult {
        wait(address(section), HexWord.lowerHalf(HexWord.encode(sequence)), timeout)
    }

    /// Wakes everybody who waits for any of the words, whether they have changed or not: they look again.
    func wakeEverybody() {
        let header = header.map { [($0, StateLayout.changesOffset)] } ?? []
        for (region, offset) in StateSection.allCases.compactMap(address) + header {
            clinux_futex_wake(region.base + offset, Int32.max)
            withExtendedLifetime(region) {}
        }
    }

    /// Where the last four digits of the section's sequence are mapped.
    private func address(_ section: StateSection) -> (region: MappedRegion, offset: Int)? {
        let offset = layout.control(section) + StateLayout.sequenceOffset + 4
        let pageSize = Int(getpagesize())
        let start = offset / pageSize * pageSize
        let region = pages.withLock { pages in
            if pages[start] == nil {
                pages[start] = try? MappedRegion(
                    descriptor,
                    offset: start,
                    length: pageSize,
                    writable: false,
                    subject: path
                )
            }
            return pages[start]
        }
        return region.map { ($0, offset - start) }
    }

    /// How a wait ended.
    enum WaitResult {
        /// Woken, interrupted, or the word had changed already: look again.
        case look
        case timedOut
        /// No address to wait on: the file was cut off, or it could not be mapped.
        case impossible
    }

    private func wait(_ place: (region: MappedRegion, offset: Int)?, _ raw: UInt32, _ timeout: Duration) -> WaitResult {
        guard let place else { return .impossible }
        let result = clinux_futex_wait(place.region.base + place.offset, raw, max(0, timeout.nanoseconds))
        // The mapping must outlive the wait even if another thread opens the next file meanwhile.
        return withExtendedLifetime(place.region) {
            switch result {
            case 0, -EAGAIN, -EINTR: .look
            case -ETIMEDOUT: .timedOut
            default: .impossible
            }
        }
    }

    private func word(at offset: Int) -> UInt64 {
        guard let bytes = try? SectionReading.bytes(descriptor.number, offset, 8), bytes.count == 8 else { return 0 }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }
}
