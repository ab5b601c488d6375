import Glibc
import Shared

/// `/proc/self/mountinfo` (proc(5)), as far as it tells a `subPath` mount.
struct MountTable: Equatable, Sendable {
    struct Mount: Equatable, Sendable {
        /// The directory or file of the mounted file system that is the root of this mount.
        var root: String
        /// Where it is mounted, absolute.
        var point: String
    }

    private(set) var mounts: [Mount] = []

    /// Reads the kernel's text. Lines that do not look like the manual's are passed over.
    init(parsing text: String) {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: false)
            guard fields.count >= 5 else { continue }
            mounts.append(Mount(root: Self.unescaped(fields[3]), point: Self.unescaped(fields[4])))
        }
    }

    /// The table of this process; empty where it cannot be read.
    static func current() -> MountTable {
        guard let file = try? FileDescriptor(opening: "/proc/self/mountinfo", flags: O_RDONLY),
            let bytes = try? readAll(file, limit: 4 << 20, subject: "mountinfo")
        else { return MountTable(parsing: "") }
        return MountTable(parsing: String(decoding: bytes, as: UTF8.self))
    }

    /// The mounts at `path` or directly below it whose root is inside one generation of a ConfigMap volume: those never
    /// see an update, because the kubelet replaces the generation's directory and the mount stays on the old one.
    ///
    /// - Parameter path: Absolute, without symbolic links.
    func subPathMounts(at path: String) -> [Mount] {
        mounts.filter { mount in
            guard Self.isGeneration(pathContaining: mount.root) else { return false }
            if mount.point == path { return true }
            guard mount.point.hasPrefix(path + "/") else { return false }
            return !mount.point.dropFirst(path.count + 1).contains("/")
        }
    }

    /// True if a component of `path` has the form of the kubelet's generations, `..2026_11_23_00_17_26.3381235854`.
    static func isGeneration(pathContaining path: String) -> Bool {
        path.split(separator: "/").contains { isGeneration(Array($0.utf8)) }
    }

    /// True for a name of the form `..YYYY_MM_DD_HH_MM_SS.<digits>` (kubernetes v1.36.2, atomic_writer.go).
    static func isGeneration(_ name: [UInt8]) -> Bool {
        let pattern = Array("..0000_00_00_00_00_00.".utf8)
        guard name.count > pattern.count else { return false }
        for (byte, expected) in zip(name, pattern) where expected != 0x30 && byte != expected { return false }
        for (byte, expected) in zip(name, pattern) where expected == 0x30 && !isDigit(byte) { return false }
        return name.dropFirst(pattern.count).allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Space, tab, newline and backslash are written as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        let bytes = Array(field.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x5C, index + 3 < bytes.count,
                bytes[(index + 1)...(index + 3)].allSatisfy({ (0x30...0x37).contains($0) })
            {
                let value = bytes[(index + 1)...(index + 3)].reduce(0) { $0 * 8 + Int($1 - 0x30) }
                result.append(UInt8(truncatingIfNeeded: value))
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
