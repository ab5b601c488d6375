import Glibc
import Shared

/// A directory of its own for a test, removed with everything in it when this object goes away.
package final class TemporaryDirectory: Sendable {
    /// The absolute path.
    package let path: String

    package init() throws {
        var template = Array("/tmp/pmm-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemError(call: "mkdtemp", number: errno, subject: "/tmp/pmm-test-XXXXXX")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(at: AT_FDCWD, path) }

    /// Writes a file, through a temporary name and a rename; makes the directories on its way.
    package func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// Writes a file, through a temporary name and a rename; makes the directories on its way.
    package func write(_ name: String, _ bytes: [UInt8]) throws {
        let components = name.split(separator: "/").dropLast()
        var directory = path
        for component in components {
            directory += "/\(component)"
            if mkdir(directory, 0o755) != 0, errno != EEXIST {
                throw SystemError(call: "mkdir", number: errno, subject: directory)
            }
        }
        let temporary = "\(path)/\(name)~"
        do {
            let file = try FileDescriptor(opening: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try writeAll(file.number, bytes, subject: temporary)
        }
        guard rename(temporary, "\(path)/\(name)") == 0 else {
            throw SystemError(call: "rename", number: errno, subject: "\(path)/\(name)")
        }
    }

    /// Removes one file.
    package func remove(_ name: String) { unlink("\(path)/\(name)") }

    /// Removes a tree without following symbolic links; by its bytes, because a test's name need not be UTF-8.
    private static func remove(at parent: Int32, _ name: UnsafePointer<CChar>) {
        guard unlinkat(parent, name, 0) != 0 else { return }
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        guard let directory = fdopendir(descriptor) else {
            close(descriptor)
            return
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) { entry in
                    if strcmp(entry, ".") != 0, strcmp(entry, "..") != 0 { remove(at: descriptor, entry) }
                }
            }
        }
        unlinkat(parent, name, AT_REMOVEDIR)
    }
}
