internal import Glibc
internal import Shared

/// The memory of the manager's workers, from /proc. Never called on the event loop.
enum ResidentMemory {
    /// Bytes of each worker that lives, by its name.
    static func read(_ processes: ProcessesState) -> [(worker: String, bytes: Int)] {
        processes.workers.compactMap { worker in
            worker.pid.flatMap { bytes(of: $0, parent: processes.manager.pid) }.map { (worker.name, $0) }
        }
    }

    /// - Parameter parent: Who must have started it; `nil`: whoever.
    /// - Returns: `nil` if there is no such process, or it is somebody else's.
    static func bytes(of pid: Int32, parent: Int32?) -> Int? {
        guard let descriptor = try? FileDescriptor(opening: "/proc/\(pid)/stat", flags: O_RDONLY),
            let bytes = try? readAll(descriptor, limit: 4096, subject: "/proc/\(pid)/stat"),
            let pages = pages(String(decoding: bytes, as: UTF8.self), parent: parent)
        else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Fields 4 and 24 of proc_pid_stat(5): the parent and the resident pages. The name before them may hold anything,
    /// a closing parenthesis too.
    ///
    /// - Returns: `nil` for a process of somebody else, which got the number after the worker's death.
    static func pages(_ stat: String, parent: Int32?) -> Int? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 21, parent == nil || Int32(fields[1]) == parent else { return nil }
        return Int(fields[21])
    }
}
