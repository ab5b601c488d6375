internal import CLinux
internal import Glibc

/// A lock byte of the state directory's lock file, held until this object goes away or the process dies.
///
/// An OFD lock belongs to the open file, not to the process: it is free the moment the holder is dead, however it died,
/// and it is not lost when the process opens and closes the file elsewhere (both measured).
package final class StateLock: Sendable {
    package let name: LockName
    private let descriptor: FileDescriptor
    private let path: String
    private let identity: FileIdentity

    /// Tries to take the lock; never waits.
    ///
    /// - Throws: `locked` with the holder's name if somebody has it; otherwise why the lock file cannot be used.
    init(_ name: LockName, in directory: StateDirectory, run: String) throws(StateError) {
        let path = directory.lockPath
        do throws(SystemError) {
            descriptor = try FileDescriptor(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            identity = FileIdentity(try FileIdentity.status(of: descriptor, subject: path))
        } catch {
            throw .writing(path, error)
        }
        self.name = name
        self.path = path
        let result = clinux_lock_byte(descriptor.number, Int64(name.offset), true)
        if result == -EAGAIN {
            throw .locked(name: name, directory: directory.path, holder: Self.holder(name, descriptor.number))
        }
        guard result == 0 else { throw .writing(path, SystemError(call: "fcntl", number: -result, subject: path)) }
        // The text is for people; a disk that has no room for it must not cost the lock.
        let record = LockHolder.current(run: run).record
        _ = pwrite(descriptor.number, record, record.count, off_t(name.offset))
    }

    /// False when the lock file was deleted or another one was put into its place: then somebody else can hold the
    /// same lock of the other file, and this one protects nothing any more.
    package var isCurrent: Bool {
        guard let status = FileIdentity.status(of: path) else { return false }
        return FileIdentity(status) == identity
    }

    static func holder(_ name: LockName, _ descriptor: Int32) -> LockHolder? {
        guard let record = try? SectionReading.bytes(descriptor, name.offset, LockName.recordSize) else { return nil }
        return LockHolder(record: record)
    }
}
