internal import CLinux
internal import Glibc

/// `state.json`, opened and mapped by a process that may write one of its sections.
package final class StateFile {
    let identity: FileIdentity
    let layout: StateLayout
    private let path: String
    private let region: MappedRegion
    /// The header as it was validated, `moved` and `changes` zeroed.
    private let header: [UInt8]

    /// Opens the present file of `directory` and checks its header against its size.
    ///
    /// - Returns: `nil` if there is none.
    /// - Throws: `damaged` and `newerSchema`: such a file must be set aside. Anything else: it cannot be reached.
    package static func open(_ directory: StateDirectory) throws(StateError) -> StateFile? {
        let path = directory.statePath
        // O_NONBLOCK: a FIFO of that name must not hang us.
        let number = clinux_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0)
        if number >= 0 { return try StateFile(FileDescriptor(owning: number), path) }
        let cause = SystemError(call: "open", number: -number, subject: path)
        if cause.meansMissing { return nil }
        if [ELOOP, EISDIR, ENXIO, ENODEV, EACCES].contains(cause.number) {
            throw .damaged(path: path, reason: "it cannot be opened as a file of ours (\(cause))")
        }
        throw .writing(path, cause)
    }

    private init(_ descriptor: consuming FileDescriptor, _ path: String) throws(StateError) {
        let bytes: [UInt8]
        let status: stat
        do throws(SystemError) {
            status = try FileIdentity.status(of: descriptor, subject: path)
            guard status.isRegularFile else { throw SystemError(call: "open", number: EISDIR, subject: path) }
            bytes = try SectionReading.bytes(descriptor.number, 0, StateLayout.headerSize)
        } catch {
            if error.number == EISDIR { throw .damaged(path: path, reason: "it is not a regular file") }
            throw .system(error)
        }
        layout = try StateLayout(validating: bytes, fileSize: Int(status.st_size), path: path)
        header = StateLayout.masked(bytes)
        identity = FileIdentity(status)
        self.path = path
        do throws(SystemError) {
            region = try MappedRegion(descriptor, length: layout.size, writable: true, subject: path)
        } catch {
            throw .system(error)
        }
    }

    /// The memory of `section`. Only the holder of its lock may write there.
    package func memory(_ section: StateSection) -> SectionMemory {
        SectionMemory(region: region, layout: layout, section: section)
    }

    /// Another file has taken this one's place, or is about to.
    var isMoved: Bool {
        HexWord.decode(StateMemory.load(region.base + StateLayout.movedOffset)) != 0
    }

    /// The file was cut off under the mapping: what is mapped now is nobody's.
    var isFaulted: Bool { region.faulted }

    /// The path still leads to this file, it was neither replaced nor truncated, and its header is what it was.
    func condition() -> Condition {
        if isFaulted { return .damaged(reason: "it was truncated while it was in use") }
        guard let status = FileIdentity.status(of: path), FileIdentity(status) == identity else { return .replaced }
        if Int(status.st_size) != layout.size {
            return .damaged(reason: "its size became \(status.st_size) instead of \(layout.size) bytes")
        }
        if isMoved { return .replaced }
        let present = [UInt8](UnsafeRawBufferPointer(start: region.base, count: StateLayout.headerSize))
        if StateLayout.masked(present) != header { return .damaged(reason: "its header was overwritten") }
        return .current
    }

    /// What a check of the file found.
    enum Condition: Equatable {
        case current
        /// Another file is in its place, or none.
        case replaced
        /// Somebody else wrote to it or cut it off: it must be set aside.
        case damaged(reason: String)
    }

    /// Tells everybody who still uses this file that another one has taken its place.
    func markMoved() {
        StateMemory.store(HexWord.encode(1), at: region.base + StateLayout.movedOffset)
        SectionMemory.bumpChanges(region)
        for section in StateSection.allCases { memory(section).wake() }
    }

    /// Blanks what a dead owner of `section` may have left half written, and wakes the readers.
    ///
    /// For the supervisor when a worker died; each owner does it itself at its start. Idempotent.
    ///
    /// - Returns: False if the section has a living owner, or there is no file: then nothing was done.
    /// - Throws: When the lock or the file cannot be used; nothing needs repair then that the owner would not replace.
    @discardableResult
    package static func repair(_ section: StateSection, in directory: StateDirectory) throws(StateError) -> Bool {
        do throws(StateError) {
            // Held while repairing: a successor that starts at this moment waits for it.
            let lock = try StateLocks.acquire(section.lock, in: directory)
            defer { withExtendedLifetime(lock) {} }
            guard let file = try open(directory) else { return false }
            file.memory(section).repair()
            return true
        } catch {
            guard case .locked = error else { throw error }
            return false
        }
    }
}
