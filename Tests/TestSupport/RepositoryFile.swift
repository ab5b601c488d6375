import Glibc
import Shared

/// Files of the checkout that the tests were built from.
package enum RepositoryFile {
    /// The repository's root directory.
    package static var root: String {
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    }

    /// The bytes of a file, at most 64 MiB.
    package static func bytes(_ path: String) throws -> [UInt8] {
        let full = path.hasPrefix("/") ? path : "\(root)/\(path)"
        let descriptor = try FileDescriptor(opening: full, flags: O_RDONLY)
        return try readAll(descriptor, limit: 64 << 20, subject: full) ?? []
    }

    /// The text of a file.
    package static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
}
