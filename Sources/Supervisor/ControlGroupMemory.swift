internal import Glibc
import Shared

/// The limits that the container gave us, from the control groups.
enum ControlGroupMemory {
    /// The least limit of our group and all groups above it.
    ///
    /// Version 2: `memory.max` ("max" is none). Version 1: `memory.limit_in_bytes`, where "none" is a number near 2⁶³.
    /// In a container the path in `/proc/self/cgroup` may be the host's and not exist under the mount: then only the
    /// mount's root counts.
    ///
    /// - Parameter root: Prefix of `/proc` and `/sys`, for tests.
    /// - Returns: Bytes, or `nil` if there is no limit.
    static func limit(root: String = "") -> UInt64? {
        least("memory", file: "memory.max", oldFile: "memory.limit_in_bytes", root: root)
    }

    /// The least limit of processes and threads, found in the same way (`pids.max` in both versions).
    static func processLimit(root: String = "") -> UInt64? {
        least("pids", file: "pids.max", oldFile: "pids.max", root: root)
    }

    private static func least(_ controller: String, file: String, oldFile: String, root: String) -> UInt64? {
        guard let text = read(root + "/proc/self/cgroup") else { return nil }
        var limits: [UInt64] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0", parts[1].isEmpty {
                limits += along(parts[2], mount: root + "/sys/fs/cgroup", file: file)
            } else if parts[1].split(separator: ",").contains(Substring(controller)) {
                limits += along(parts[2], mount: root + "/sys/fs/cgroup/\(controller)", file: oldFile)
            }
        }
        return limits.min()
    }

    private static func along(_ path: Substring, mount: String, file: String) -> [UInt64] {
        var components = path.split(separator: "/").filter { $0 != ".." }
        var limits: [UInt64] = []
        while true {
            let directory = components.reduce(mount) { $0 + "/" + $1 }
            if let text = read("\(directory)/\(file)"), let limit = UInt64(text.filter { !$0.isNewline }),
                limit < 1 << 62
            {
                limits.append(limit)
            }
            if components.isEmpty { return limits }
            components.removeLast()
        }
    }

    private static func read(_ path: String) -> String? {
        guard case .success(let bytes) = Settings.readSmallFile(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
