internal import Glibc

/// What tells one file from another one renamed into its place.
struct FileIdentity: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// `stat` of a path without following a symlink, or `nil` if nothing is there (or it cannot be looked at).
    static func status(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// `fstat` of a descriptor.
    static func status(of descriptor: borrowing FileDescriptor, subject: String) throws(SystemError) -> stat {
        var status = stat()
        let number = descriptor.number
        try retryingInterrupts("fstat", subject) { fstat(number, &status) }
        return status
    }
}

extension stat {
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }
}
