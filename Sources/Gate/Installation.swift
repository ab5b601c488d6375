internal import CGate
internal import Glibc
import Shared

/// Puts a copy of this program into a directory, for an image that has nothing to run it with.
enum Installation {
    static let fileName = "wait-for-contract"

    /// What went wrong, for people.
    enum Failure: Error, Equatable, CustomStringConvertible {
        case needsLibraries
        case system(SystemError)

        var description: String {
            switch self {
            case .needsLibraries:
                "this build needs shared libraries, which the other image may not have: install the static one "
                    + "(make gate)"
            case .system(let error): "\(error)"
            }
        }
    }

    /// Copies the running program to `directory`/wait-for-contract, mode 0755, in one step: whoever looks sees the old
    /// file or the new one, whole.
    ///
    /// - Returns: The path of the copy.
    static func install(into directory: String, requiresStatic: Bool = true) throws(Failure) -> String {
        if requiresStatic, !cgate_is_self_contained() { throw .needsLibraries }
        let target = "\(directory)/\(fileName)"
        let temporary = "\(directory)/.\(fileName).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        do throws(SystemError) {
            try write(temporary)
            do throws(SystemError) {
                try retryingInterrupts("rename", target) { rename(temporary, target) }
            } catch {
                unlink(temporary)
                throw error
            }
        } catch {
            throw .system(error)
        }
        return target
    }

    /// The file is closed when this returns: one that somebody may still write to cannot be executed (ETXTBSY).
    private static func write(_ path: String) throws(SystemError) {
        let source = FileDescriptor(owning: try checked("open", "this program", cgate_open_self()))
        let copy = FileDescriptor(owning: try checked("open", path, cgate_create(path)))
        do throws(SystemError) {
            try transfer(source, to: copy, path)
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func transfer(
        _ source: borrowing FileDescriptor,
        to copy: borrowing FileDescriptor,
        _ path: String
    ) throws(SystemError) {
        let (from, to) = (source.number, copy.number)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try retryingInterrupts("read", "this program") { read(from, &buffer, buffer.count) }
            if count == 0 { break }
            try writeAll(to, Array(buffer[..<count]), subject: path)
        }
        // Whatever the umask, another user runs it.
        try retryingInterrupts("fchmod", path) { fchmod(to, 0o755) }
        try retryingInterrupts("fsync", path) { fsync(to) }
    }
}
