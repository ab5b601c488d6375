internal import Glibc

/// What changes when Kubernetes or an editor replaces a file's content. Symbolic links are followed: a mounted secret is
/// swapped as a whole.
package struct FileVersion: Equatable {
    private var inode: UInt64
    private var size: Int64
    private var seconds: Int
    private var nanoseconds: Int

    /// - Returns: `nil` if the file is not there, perhaps for the moment of its replacement.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
