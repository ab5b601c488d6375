import Shared

/// The ordered stop: each worker TERM, grace, KILL, in ``WorkerName/stopOrder``.
extension SupervisorCore {
    mutating func terminate(now: MonotonicTime, _ actions: inout [SupervisorAction]) {
        if case .stopping = mode {
            actions.append(.log(.stopHurried))
            for index in workers.indices {
                guard let pid = workers[index].pid else {
                    if workers[index].phase != .spawning { workers[index].phase = .stopped }
                    continue
                }
                workers[index].phase = .stopping(pid: pid, killAt: nil, thenStart: false)
                actions.append(.signal(workers[index].name, pid: pid, signal: .kill, group: true))
            }
            mode = .stopping(index: WorkerName.stopOrder.count - 1)
            actions.append(.publish)
            return
        }
        mode = .stopping(index: -1)
        reloadQueue = []
        for index in workers.indices {
            // A reload under way ends here: whoever is being stopped stays stopped when its turn has come.
            if case .stopping(let pid, let killAt, _) = workers[index].phase {
                workers[index].phase = .stopping(
                    pid: pid,
                    killAt: killAt,
                    thenStart: workers[index].name == .healthServer
                )
            }
        }
        actions.append(.log(.stopping))
        actions.append(.publish)
    }

    /// True once the worker's turn in the ordered stop has come, and for all but the health server from the beginning:
    /// while others stop, only probes still need somebody.
    func isStoppingNow(_ name: WorkerName) -> Bool {
        guard case .stopping(let index) = mode else { return mode == .done }
        if name != .healthServer { return true }
        return index >= 0 && WorkerName.stopOrder[index] == name
    }

    mutating func advanceStop(now: MonotonicTime, _ actions: inout [SupervisorAction]) {
        guard case .stopping(var step) = mode else { return }
        while true {
            if step >= 0, let index = index(of: WorkerName.stopOrder[step]) {
                switch workers[index].phase {
                case .stopped: break
                case .waiting:
                    workers[index].phase = .stopped
                    actions.append(.publish)
                case .spawning, .starting, .ready, .aborting, .stopping: return
                }
            }
            step += 1
            guard step < WorkerName.stopOrder.count else { break }
            mode = .stopping(index: step)
            guard let index = index(of: WorkerName.stopOrder[step]) else { continue }
            switch workers[index].phase {
            case .starting, .ready: sendTerminate(index, thenStart: false, now: now, &actions)
            case .stopping(let pid, let killAt, _):
                workers[index].phase = .stopping(pid: pid, killAt: killAt, thenStart: false)
            case .waiting, .spawning, .aborting, .stopped: break
            }
        }
        guard workers.allSatisfy({ $0.phase == .stopped }) else { return }
        mode = .done
        actions.append(.publish)
        actions.append(.exit)
    }
}
