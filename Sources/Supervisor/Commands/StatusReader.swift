internal import Glibc
import Shared

/// Reads what `manager status` shows: the state file and `/proc`, nothing else; creates and locks nothing.
struct StatusReader {
    let setting: String?

    /// Gathers everything once.
    func read() -> ManagerStatus {
        let time = WallClock.now().rfc3339
        let search = StateSearch(setting: setting)
        let holder = search.directory.flatMap { StateLocks.holder(.manager, in: $0) }
        var status = ManagerStatus(isRunning: holder != nil, now: .now(), time: time)
        status.holder = holder?.description
        status.lookedIn = search.lookedIn
        status.obstacle = search.obstacle
        if holder == nil, let (pid, place) = RunningManager.find(in: StateSearch.places(setting: setting)) {
            status.isRunning = true
            status.holder = "pid \(pid)"
            status.obstacle = status.obstacle ?? obstacle(of: pid, place)
            status.evaluate()
            return status
        }
        guard let directory = search.directory else {
            status.evaluate()
            return status
        }
        status.stateDirectory = directory.path
        let reader = StateReader(directory: directory)
        status.processes = section(reader, &status.problems)
        status.broker = section(reader, &status.problems)
        status.source = section(reader, &status.problems)
        status.publication = section(reader, &status.problems)
        status.now = .now()
        if status.isRunning, let processes = status.processes, processes.manager.bootID == BootIdentity.bootID() {
            status.residentBytes["manager"] = Self.residentBytes(processes.manager.pid)
            for worker in processes.workers {
                if let pid = worker.pid { status.residentBytes[worker.name] = Self.residentBytes(pid) }
            }
        }
        status.evaluate()
        return status
    }

    /// Why a manager that runs has no state. What another user may do cannot be tried.
    private func obstacle(of pid: Int32, _ place: String) -> String? {
        var status = stat()
        guard stat("/proc/\(pid)", &status) == 0, status.st_uid == geteuid() else { return nil }
        return StateDirectory.unprepared(setting: place).obstacle()?.description
    }

    private func section<Content: StateSectionContent>(
        _ reader: StateReader,
        _ problems: inout [String: String]
    ) -> Content? {
        switch reader.read(Content.self) {
        case .content(let content, _): return content
        case .unchanged, .empty: return nil
        case .unreadable(let error):
            problems[Content.section.rawValue] = error.description
            return nil
        }
    }

    /// The second number of `/proc/PID/statm` is the resident set in pages (proc(5)).
    private static func residentBytes(_ pid: Int32) -> Int? {
        guard case .success(let bytes) = Settings.readSmallFile("/proc/\(pid)/statm") else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard numbers.count > 1, let pages = Int(numbers[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
