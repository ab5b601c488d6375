import Shared

/// What is due by time: ticks, starts, last calls, kills.
extension SupervisorCore {
    mutating func runDue(now: MonotonicTime, _ actions: inout [SupervisorAction]) {
        // Whatever wakes us in the last fifth makes the tick, too: one wake-up less, for a heartbeat comes every second.
        if nextTick - now <= interval / 5 {
            nextTick = now + interval
            actions.append(.tick)
            if let beat = report.heartbeat(now: now, nextTick: nextTick) { actions.append(.service(beat)) }
            // What only time changes: the age of a heartbeat, the end of a crash loop, dropped lines.
            actions.append(.publish)
        }
        for index in workers.indices {
            let name = workers[index].name
            guard let deadline = workers[index].deadline, now >= deadline else { continue }
            switch workers[index].phase {
            case .waiting:
                guard !isStoppingNow(name) else {
                    workers[index].phase = .stopped
                    actions.append(.publish)
                    continue
                }
                workers[index].phase = .spawning
                workers[index].forgetReadiness()
                actions.append(.spawn(name))
            case .starting where workers[index].takeLastCall(now: now): break
            case .ready where workers[index].takeLastCall(now: now): break
            case .starting(let pid, _, _): abort(index, pid: pid, .notReady, now: now, &actions)
            case .ready(let pid, _, _, _): abort(index, pid: pid, .noHeartbeat, now: now, &actions)
            case .aborting(let pid, _):
                workers[index].phase = .aborting(pid: pid, killAt: nil)
                kill(name, pid: pid, &actions)
            case .stopping(let pid, _, let thenStart):
                workers[index].phase = .stopping(pid: pid, killAt: nil, thenStart: thenStart)
                kill(name, pid: pid, &actions)
            case .spawning, .stopped: break
            }
        }
    }

    private mutating func abort(
        _ index: Int,
        pid: Int32,
        _ kind: HangKind,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) {
        let name = workers[index].name
        // It was well up to its last sign of life.
        if let last = workers[index].lastHeartbeat { workers[index].leaveReady(at: last) }
        workers[index].phase = .aborting(pid: pid, killAt: now + workers[index].policy.abortGrace)
        actions.append(.log(.hung(name, pid: pid, kind)))
        // A stopped process takes SIGABRT only when continued; SIGKILL follows in any case.
        actions.append(.signal(name, pid: pid, signal: .abort, group: false))
        actions.append(.publish)
    }

    private func kill(_ name: WorkerName, pid: Int32, _ actions: inout [SupervisorAction]) {
        actions.append(.log(.killed(name, pid: pid)))
        actions.append(.signal(name, pid: pid, signal: .kill, group: true))
    }

    mutating func sendTerminate(
        _ index: Int,
        thenStart: Bool,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) {
        guard let pid = workers[index].pid else { return }
        let killAt = now + workers[index].policy.stopGrace
        workers[index].leaveReady(at: now)
        workers[index].phase = .stopping(pid: pid, killAt: killAt, thenStart: thenStart)
        actions.append(.signal(workers[index].name, pid: pid, signal: .terminate, group: false))
        actions.append(.publish)
    }
}
