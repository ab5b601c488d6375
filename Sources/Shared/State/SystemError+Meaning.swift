internal import Glibc

extension SystemError {
    /// No space, no inodes or no quota.
    var meansNoRoom: Bool { number == ENOSPC || number == EDQUOT || number == EFBIG }
    /// Read-only file system or missing permission.
    var meansNotWritable: Bool { number == EROFS || number == EACCES || number == EPERM }
    /// Nothing there.
    var meansMissing: Bool { number == ENOENT }
}
