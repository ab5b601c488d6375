internal import Glibc
import Shared

/// Who listens on a port, as far as we may look (proc(5)): the processes of our own user, or all of them as root.
struct PortHolder: Equatable {
    var pid: Int32
    /// Of its program, at most 15 bytes (`/proc/PID/comm`).
    var name: String

    /// - Parameter root: Prefix of `/proc`, for tests.
    static func all(port: UInt16, root: String = "") -> [PortHolder] {
        let sockets = Set(["tcp", "tcp6"].flatMap { inodes(text("\(root)/proc/net/\($0)"), port: port) })
        if sockets.isEmpty { return [] }
        let pids = DirectoryListing.names(in: "\(root)/proc").compactMap { Int32($0) }.sorted()
        return
            pids.filter { pid in
                DirectoryListing.names(in: "\(root)/proc/\(pid)/fd")
                    .contains { number in
                        link("\(root)/proc/\(pid)/fd/\(number)").map { sockets.contains($0) } ?? false
                    }
            }
            .map { PortHolder(pid: $0, name: String(text("\(root)/proc/\($0)/comm").prefix { !$0.isNewline })) }
    }

    /// `socket:[INODE]` of those in state LISTEN (0A) on that port: `sl local_address rem_address st … inode`.
    static func inodes(_ table: String, port: UInt16) -> [String] {
        table.split(separator: "\n").dropFirst()
            .compactMap { line in
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[3] == "0A", let number = fields[1].split(separator: ":").last,
                    UInt16(number, radix: 16) == port
                else { return nil }
                return "socket:[\(fields[9])]"
            }
    }

    private static func text(_ path: String) -> String {
        guard case .success(let bytes) = Settings.readSmallFile(path) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 128)
        let count = readlink(path, &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
