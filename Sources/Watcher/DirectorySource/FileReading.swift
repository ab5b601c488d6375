import CLinux
import Glibc
import Shared

/// What reading one name of a directory gave.
enum FileReading {
    case bytes([UInt8], FileStamp)
    /// To be listed as invalid, with the reason.
    case unusable(reason: String, FileStamp)
    /// To be listed as ignored, with the reason.
    case ignored(reason: String, FileStamp)
    /// It was written while it was read, each time.
    case changing(FileStamp)
    /// The name is gone: the directory changed since it was listed.
    case gone
    /// Something failed that says nothing about the file: no descriptors left, a stale handle.
    case trouble(SystemError)

    /// Reads a name in a directory, never blocking on what is no regular file.
    ///
    /// - Parameters:
    ///   - directory: An open directory's descriptor, or AT_FDCWD.
    ///   - budget: How many bytes all files together may still have.
    static func read(_ name: [UInt8], in directory: Int32, budget: Int, limits: DirectoryLimits) -> FileReading {
        let path = cString(name)
        // Asked before opening: opening a device can do things by itself.
        let stamp: FileStamp
        switch FileStamp.of(path, in: directory) {
        case .success(let found): stamp = found
        case .failure(let error): return withoutStamp(path, in: directory, error.number)
        }
        if let refusal = refusal(stamp, budget: budget, limits: limits) { return refusal }
        // O_NONBLOCK: should it have become a FIFO by now, open(2) does not wait for a writer.
        let number = clinux_openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0)
        guard number >= 0 else { return unopened(stamp, -number) }
        return read(FileDescriptor(owning: number), budget: budget, limits: limits)
    }

    private static func read(_ file: borrowing FileDescriptor, budget: Int, limits: DirectoryLimits) -> FileReading {
        var last: FileStamp?
        for _ in 0..<3 {
            guard let before = FileStamp.of(descriptor: file.number) else { return .gone }
            last = before
            if let refusal = refusal(before, budget: budget, limits: limits) { return refusal }
            guard lseek(file.number, 0, SEEK_SET) == 0 else {
                return .trouble(SystemError(call: "lseek", number: errno))
            }
            let bytes: [UInt8]?
            do throws(SystemError) {
                bytes = try readAll(file, limit: min(limits.fileBytes, budget), subject: "")
            } catch {
                return error.isOurs ? .trouble(error) : .unusable(reason: "cannot be read (\(error))", before)
            }
            let after = FileStamp.of(descriptor: file.number)
            if let bytes, after == before, bytes.count == Int(before.size) { return .bytes(bytes, before) }
        }
        return last.map { .changing($0) } ?? .gone
    }

    private static func refusal(_ stamp: FileStamp, budget: Int, limits: DirectoryLimits) -> FileReading? {
        guard stamp.isRegular else { return .ignored(reason: "\(stamp.kind), not a regular file", stamp) }
        if stamp.size > Int64(limits.fileBytes) {
            return .unusable(reason: ContractGrouping.tooLarge(stamp.size, limit: limits.fileBytes), stamp)
        }
        if stamp.size > Int64(budget) {
            let reason =
                "has \(stamp.size) bytes; with the files before it in name order that is more than the "
                + "\(mebibytes(limits.totalBytes)) that all files together may have; not read"
            return .unusable(reason: reason, stamp)
        }
        return nil
    }

    /// A name whose target has no stamp: gone, or a link that leads nowhere.
    private static func withoutStamp(_ path: [CChar], in directory: Int32, _ number: Int32) -> FileReading {
        guard case .success(let link) = FileStamp.of(path, in: directory, followsLinks: false) else {
            return number == ENOENT ? .gone : .trouble(SystemError(call: "stat", number: number))
        }
        guard number == ENOENT else { return unopened(link, number) }
        let target = String(decoding: readLink(path, in: directory) ?? [], as: UTF8.self)
        return .unusable(reason: "a symbolic link to \(target), which does not exist", link)
    }

    private static func unopened(_ stamp: FileStamp, _ number: Int32) -> FileReading {
        switch number {
        case ENOENT: return .gone
        case EACCES, EPERM:
            return .unusable(reason: "may not be read by uid \(geteuid()); give it the mode 0444 or an fsGroup", stamp)
        default:
            let error = SystemError(call: "open", number: number)
            return error.isOurs ? .trouble(error) : .unusable(reason: "cannot be opened (\(error))", stamp)
        }
    }
}

/// A name as the C functions want it.
func cString(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }

/// readlinkat(2): the target's bytes, `nil` if the name is no symbolic link.
func readLink(_ path: [CChar], in directory: Int32) -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlinkat(directory, path, &buffer, buffer.count)
    return count > 0 ? buffer.prefix(count).map { UInt8(bitPattern: $0) } : nil
}

extension SystemError {
    /// The failure says something about this process or a network file system, not about the file's content.
    var isOurs: Bool { [EMFILE, ENFILE, ENOMEM, ESTALE, EINTR, EAGAIN].contains(number) }
}
