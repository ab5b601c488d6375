internal import Glibc
internal import Shared

/// The names in a directory.
package enum FileNames {
    /// Sorted, without `.` and `..`.
    package static func inDirectory(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw SystemError(call: "opendir", number: errno, subject: path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
