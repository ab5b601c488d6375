import Glibc
import Shared
import TestSupport

/// Does things to the manager's workers and keeps book of it, for the oracles.
struct ChaosWorkers {
    let manager: ManagerProcess
    /// What happened to the health server.
    private(set) var disturbances: [ProbeOracle.Disturbance] = []
    /// Every worker process ever seen.
    private(set) var processIDs: Set<Int32> = []
    /// Workers that are stopped, by their process.
    private var stopped: [WorkerName: (pid: Int32, since: MonotonicTime)] = [:]
    private var watcher: (pid: Int32, since: MonotonicTime)?

    init(_ manager: ManagerProcess) {
        self.manager = manager
    }

    /// - Returns: Whether there was a process to kill.
    mutating func kill(_ worker: WorkerName, _ signal: Int32) -> Bool {
        guard let pid = living(worker) else { return false }
        // A stopped process would take any other signal only when it goes on.
        let signal = stopped[worker]?.pid == pid ? SIGKILL : signal
        let before = MonotonicTime.now()
        Glibc.kill(pid, signal)
        // SIGTERM: it has a second to end. The others: the kernel takes the process apart.
        if worker == .healthServer {
            let length: Duration = signal == SIGTERM ? .seconds(2) : .milliseconds(200)
            disturbances.append(.ended(at: before, until: .now() + length))
        }
        if worker == .watcher { watcher = nil }
        return true
    }

    mutating func stop(_ worker: WorkerName) -> Bool {
        guard stopped[worker] == nil, let pid = living(worker) else { return false }
        stopped[worker] = (pid, .now())
        Glibc.kill(pid, SIGSTOP)
        if worker == .watcher { watcher = nil }
        return true
    }

    /// Lets it go on, if the watchdog has not replaced it.
    mutating func resume(_ worker: WorkerName) -> Bool {
        guard let (pid, _) = stopped[worker] else { return false }
        let isThere = living(worker) == pid
        if isThere { Glibc.kill(pid, SIGCONT) }
        endStop(of: worker)
        return isThere
    }

    mutating func restartAll() {
        disturbances.append(.ended(at: .now(), until: .now() + .seconds(10)))
        manager.signal(SIGHUP)
    }

    mutating func resumeAll() { for worker in WorkerName.allCases { _ = resume(worker) } }

    /// Looks at the process table.
    ///
    /// - Returns: Since when the watcher has lived undisturbed.
    mutating func look() -> MonotonicTime? {
        for worker in manager.processes?.workers ?? [] {
            guard let name = WorkerName(rawValue: worker.name) else { continue }
            if let pid = worker.pid { processIDs.insert(pid) }
            let isReady = worker.phase == .ready
            if let stop = stopped[name], isReady, worker.pid != stop.pid { endStop(of: name) }
            guard name == .watcher else { continue }
            guard isReady, let pid = worker.pid, stopped[.watcher] == nil else {
                watcher = nil
                continue
            }
            if watcher?.pid != pid { watcher = (pid, .now()) }
        }
        return watcher?.since
    }

    private mutating func endStop(of worker: WorkerName) {
        guard let (_, since) = stopped.removeValue(forKey: worker) else { return }
        if worker == .healthServer { disturbances.append(.stopped(from: since, until: .now())) }
    }

    /// The worker's process, if it is still the manager's child: a number alone might be somebody else's by now.
    private func living(_ worker: WorkerName) -> Int32? {
        guard let pid = manager.pid(of: worker), let text = try? RepositoryFile.text("/proc/\(pid)/stat") else {
            return nil
        }
        // `pid (name) state ppid`; the name may hold anything but ends with the last parenthesis.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 1, Int32(fields[1]) == manager.processID else { return nil }
        return pid
    }
}
