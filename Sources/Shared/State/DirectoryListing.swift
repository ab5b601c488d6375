internal import Glibc

/// The names in a directory.
package enum DirectoryListing {
    /// Names read at most: whoever fills the state directory with millions of files must not stop us.
    static let limit = 100_000

    /// The entries of `path` but `.` and `..`, sorted by bytes; empty if it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(stream) {
            let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: capacity) { bytes in
                    String(decoding: UnsafeBufferPointer(start: bytes, count: strnlen(bytes, capacity)), as: UTF8.self)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func strnlen(_ bytes: UnsafePointer<UInt8>, _ capacity: Int) -> Int {
        var length = 0
        while length < capacity, bytes[length] != 0 { length += 1 }
        return length
    }
}
