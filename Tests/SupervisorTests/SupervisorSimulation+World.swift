import Shared

@testable import Supervisor

/// Time, and what the core's actions do to the processes.
extension SupervisorSimulation {
    // MARK: Time

    /// When a process does something by itself.
    func nextOwnTime() -> MonotonicTime? {
        var next: MonotonicTime?
        for process in processes {
            guard let process else { continue }
            if let time = process.endsAt { next = min(next ?? time, time) }
            if let time = process.speaksAt, !process.isZombie { next = min(next ?? time, time) }
        }
        return next
    }

    /// Lets time pass as it does for a loop that is woken on time.
    mutating func advance(to time: MonotonicTime) throws(Violation) {
        while !finished {
            let own = nextOwnTime() ?? time + .seconds(1)
            let next = min(own, core.nextDeadline ?? time)
            guard next <= time else { break }
            now = max(now, next)
            guard next == own else {
                try deliver(.timer)
                continue
            }
            for index in processes.indices {
                if let end = processes[index]?.endsAt, end <= now {
                    processes[index]?.isZombie = true
                    try reap(index)
                } else if let speaks = processes[index]?.speaksAt, speaks <= now, processes[index]?.isZombie == false {
                    let isReady = processes[index]?.readySince == nil
                    try speak(index, isReady: isReady)
                }
            }
        }
        if finished { return }
        now = max(now, time)
        try deliver(.timer)
    }

    // MARK: Actions

    mutating func deliver(
        _ event: SupervisorEvent,
        exited: (index: Int, process: SimulatedProcess)? = nil
    ) throws(Violation) {
        var queue = [event]
        var exited = exited
        while !queue.isEmpty {
            counts.events += 1
            let before = core.workers
            let next = queue.removeFirst()
            note("\(next)")
            let actions = core.handle(next, now: now)
            if finished, !actions.isEmpty { throw violation("acts after its end") }
            try check(actions, after: next, before: before, exited: exited)
            exited = nil
            for action in actions { if let follow = try perform(action) { queue.append(follow) } }
        }
        try checkState()
    }

    private mutating func perform(_ action: SupervisorAction) throws(Violation) -> SupervisorEvent? {
        switch action {
        case .spawn(let worker): return try spawn(worker)
        case .signal(let worker, let pid, let signal, _):
            note("\(action)")
            counts.signals += 1
            try checkSignal(worker, pid: pid, signal)
            take(signal, by: position(worker))
        case .exit:
            note("exit")
            finished = true
        case .service(let message):
            note("tells \(message)")
            if let flaw = service.take(message, self) { throw violation(flaw) }
        case .repair, .publish, .tick, .log: break
        }
        return nil
    }

    private mutating func spawn(_ worker: WorkerName) throws(Violation) -> SupervisorEvent {
        let index = position(worker)
        guard processes[index] == nil else { throw violation("a second \(worker.rawValue) is spawned") }
        if !isCalm, random.next(below: 10) == 0 { return .spawnFailed(worker, reason: "fork: out of processes") }
        nextPID += 1
        counts.spawns += 1
        spawnedAt[index] = counts.events
        let isDiligent = isCalm || random.next(below: 2) == 0
        processes[index] = SimulatedProcess(
            pid: nextPID,
            spawnedAt: now,
            isDiligent: isDiligent,
            ignoresTerminate: !isCalm && random.next(below: 5) == 0,
            ignoresAbort: random.next(below: 3) == 0,
            speaksAt: isDiligent ? now + .milliseconds(Int64(random.next(below: 5000))) : nil
        )
        return .spawned(worker, pid: nextPID)
    }

    private mutating func take(_ signal: WorkerSignal, by index: Int) {
        guard var process = processes[index] else { return }
        let end = now + .milliseconds(Int64(random.next(below: 20)))
        switch signal {
        case .kill:
            process.isKilled = true
            process.endsAt = min(process.endsAt ?? end, end)
        case .terminate:
            process.leaveReady(at: now)
            process.isTerminated = true
            if !process.ignoresTerminate { process.endsAt = min(process.endsAt ?? end, end) }
        case .abort:
            // What counts is how long it had proven to be well.
            if let beat = process.lastBeat { process.leaveReady(at: beat) }
            process.isAborted = true
            if !process.ignoresAbort { process.endsAt = min(process.endsAt ?? end, end) }
        }
        processes[index] = process
    }
}
