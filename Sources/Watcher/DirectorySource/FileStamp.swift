import Glibc

/// What stat(2) says about a file: equal stamps mean that it was not written in between, within the resolution of the
/// file system's clock (4 ms on ext4 and overlayfs).
struct FileStamp: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
    var mode: UInt32
    var links: UInt64
    var size: Int64
    /// Nanoseconds of the file system's clock.
    var modified: Int64
    var changed: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        mode = status.st_mode
        links = UInt64(status.st_nlink)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    }

    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

    /// What the file is, if it is not a regular one, for a message.
    var kind: String {
        switch mode & S_IFMT {
        case S_IFREG: "a regular file"
        case S_IFDIR: "a directory"
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "no regular file"
        }
    }

    /// The stamp of an open file.
    static func of(descriptor: Int32) -> FileStamp? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? FileStamp(status) : nil
    }

    /// The stamp of a name in an open directory.
    ///
    /// - Parameter followsLinks: A symbolic link's target instead of the link.
    /// - Returns: The stamp or the error number.
    static func of(_ name: [CChar], in directory: Int32, followsLinks: Bool = true) -> Result<FileStamp, StampError> {
        var status = stat()
        let flags = followsLinks ? 0 : AT_SYMLINK_NOFOLLOW
        guard fstatat(directory, name, &status, flags) == 0 else { return .failure(StampError(number: errno)) }
        return .success(FileStamp(status))
    }
}

/// Why a file has no stamp.
struct StampError: Error, Equatable {
    /// The value of `errno`.
    var number: Int32
}
