internal import Glibc
internal import Shared

/// What the kernel says of a process's memory.
enum ProcessMemory {
    /// The resident set; `nil` if there is no such process, or it may not be seen.
    ///
    /// The second number of `/proc/PID/statm` is the resident set in pages (proc(5)).
    static func residentBytes(_ pid: Int32) -> Int? {
        guard case .success(let bytes) = Settings.readSmallFile("/proc/\(pid)/statm") else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard numbers.count > 1, let pages = Int(numbers[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
