import Shared

/// SIGHUP: the workers are restarted one after the other, and the port stays open.
extension SupervisorCore {
    mutating func reload(_ actions: inout [SupervisorAction]) {
        guard mode == .running else { return }
        if reloadQueue.isEmpty { actions.append(.log(.reloading)) }
        // The one under way may have read the old files: it is asked again at the end.
        reloadQueue = (reloadQueue.first.map { [$0] } ?? []) + WorkerName.allCases.reversed()
    }

    /// One worker after the other: terminate, wait for its exit, start, wait until it is ready.
    mutating func advanceReload(now: MonotonicTime, _ actions: inout [SupervisorAction]) {
        while mode == .running, let name = reloadQueue.first, let index = index(of: name) {
            switch workers[index].phase {
            case .starting, .ready:
                if reloading == name {
                    guard case .ready = workers[index].phase else { return }
                    reloading = nil
                    reloadQueue.removeFirst()
                    if reloadQueue.isEmpty { actions.append(.log(.reloaded)) }
                    continue
                }
                reloading = name
                sendTerminate(index, thenStart: true, now: now, &actions)
                return
            case .stopping:
                reloading = name
                return
            case .spawning: return
            case .waiting, .aborting, .stopped:
                // Already on its way to a new process.
                reloading = nil
                reloadQueue.removeFirst()
                if reloadQueue.isEmpty { actions.append(.log(.reloaded)) }
            }
        }
    }
}
