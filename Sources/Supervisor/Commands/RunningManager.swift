internal import Glibc
import Shared

/// A manager that has no state to be found by, because nothing is writable: looked for among the processes.
enum RunningManager {
    /// The process that runs our own executable, without arguments and with its `STATE_DIR` at one of these places, as
    /// far as we may look (proc(5): our own user's processes, or all of them as root).
    static func find(in places: [String]) -> (pid: Int32, place: String)? {
        guard let own = executable("self") else { return nil }
        for pid in DirectoryListing.names(in: "/proc").compactMap({ Int32($0) }) where pid != getpid() {
            guard executable("\(pid)") == own, words(pid, "cmdline")?.count == 1, let place = stateDirectory(pid),
                places.contains(place)
            else { continue }
            return (pid, place)
        }
        return nil
    }

    /// The place of one manager with this setting.
    static func find(setting: String?) -> Int32? { find(in: [directory(setting ?? "")])?.pid }

    /// `nil` if it is not known: its environment may not be read.
    private static func stateDirectory(_ pid: Int32) -> String? {
        let name = "STATE_DIR="
        guard let environment = words(pid, "environ") else { return nil }
        return directory(environment.first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count)) } ?? "")
    }

    /// `/state` and `/state/` are one, and so are the default and no setting.
    private static func directory(_ setting: String) -> String {
        setting.isEmpty ? StateDirectory.defaultPath : StateDirectory.trimmed(setting)
    }

    private static func words(_ pid: Int32, _ file: String) -> [String]? {
        guard case .success(let bytes) = Settings.readSmallFile("/proc/\(pid)/\(file)") else { return nil }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func executable(_ process: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(process)/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
