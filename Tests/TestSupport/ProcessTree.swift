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
}
