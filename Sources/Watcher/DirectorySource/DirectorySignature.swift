/// What a directory looks like without reading a file: equal signatures mean that a poll need not read.
struct DirectorySignature: Equatable, Sendable {
    /// The directory itself or, for a path that names a file, that file. `nil`: it cannot be opened.
    var root: FileStamp?
    /// Where `..data` points, if there is one.
    var link: [UInt8]?
    /// The files that are read, in the order of their names, symbolic links followed.
    var files: [File] = []
    /// The error number that stands in the way.
    var obstacle: Int32?

    struct File: Equatable, Sendable {
        var name: [UInt8]
        /// `nil`: there is none, for example a dangling symbolic link.
        var stamp: FileStamp?
    }

    /// A volume's own directory changes also when nothing that is read does (the kubelet adds and removes the visible
    /// links after the swap), so only its identity counts there.
    static func == (a: DirectorySignature, b: DirectorySignature) -> Bool {
        guard a.link == b.link, a.obstacle == b.obstacle, a.files == b.files else { return false }
        guard a.link != nil, let first = a.root, let second = b.root else { return a.root == b.root }
        return first.device == second.device && first.inode == second.inode
    }
}
