internal import Glibc
internal import Shared

/// What /proc tells about processes.
package enum ProcessTree {
    /// The children of a single-threaded process, zombies too.
    package static func children(of pid: Int32) -> [Int32] {
        let text = (try? RepositoryFile.text("/proc/\(pid)/task/\(pid)/children")) ?? ""
        return text.split(separator: " ").compactMap { Int32($0.filter(\.isNumber)) }
    }

    /// The first 15 bytes of the program's name.
    package static func name(of pid: Int32) -> String {
        ((try? RepositoryFile.text("/proc/\(pid)/comm")) ?? "").filter { !$0.isNewline }
    }

    /// `R`, `S`, `Z` and so on; empty if there is no such process.
    package static func state(of pid: Int32) -> String {
        let text = (try? RepositoryFile.text("/proc/\(pid)/stat")) ?? ""
        return String(text.split(separator: ")").last?.split(separator: " ").first ?? "")
    }

    /// Whether it keeps a signal from ending it: blocked, to be read from a descriptor.
    package static func blocks(_ signal: Int32, _ pid: Int32) -> Bool {
        let text = (try? RepositoryFile.text("/proc/\(pid)/status")) ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("SigBlk:") }
        let mask = (line?.split(whereSeparator: \.isWhitespace).last).flatMap { UInt64($0, radix: 16) } ?? 0
        return mask >> UInt64(signal - 1) & 1 == 1
    }

    /// The CPU time it has used, in user and kernel mode (utime and stime of proc(5), in ticks of usually 10 ms).
    package static func processorTime(of pid: Int32) -> Duration? {
        // The name, in parentheses, may hold spaces; after it comes field 3.
        guard
            let fields = (try? RepositoryFile.text("/proc/\(pid)/stat"))?.split(separator: ")").last?
                .split(separator: " "), fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12])
        else { return nil }
        return .nanoseconds((user + system) * 1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// How many descriptors it has open.
    package static func descriptorCount(of pid: Int32) -> Int {
        (try? FileNames.inDirectory("/proc/\(pid)/fd").count) ?? 0
    }
}
