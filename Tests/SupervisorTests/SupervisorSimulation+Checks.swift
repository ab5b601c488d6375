import Shared

@testable import Supervisor

/// The invariants. Each is written from the design, not from the code under test.
extension SupervisorSimulation {
    /// The worker's turn in the ordered stop: the health server answers probes until the others are gone.
    private func isToStop(_ index: Int) -> Bool {
        guard terminatedAt != nil else { return false }
        return index != 0 || isHurried || (processes[1] == nil && processes[2] == nil)
    }

    /// What one event made the core do.
    mutating func check(
        _ actions: [SupervisorAction],
        after event: SupervisorEvent,
        before: [WorkerStateMachine],
        exited: (index: Int, process: SimulatedProcess)?
    ) throws(Violation) {
        for (old, new) in zip(before, core.workers) where Self.looksDifferent(old, new) {
            guard actions.contains(.publish) else {
                throw violation("\(new.name.rawValue) changed from \(old.phase) to \(new.phase), nobody is told")
            }
        }
        if let exited {
            backoffs[exited.index].noteReadiness(exited.process.readyFor)
            guard actions.contains(.repair(WorkerName.allCases[exited.index])) else {
                throw violation("the state of a dead worker is not repaired")
            }
            let isReloaded = exited.process.isTerminated && !exited.process.isAborted
            try checkRestart(exited.index, actions, readyFor: exited.process.readyFor, isReloaded: isReloaded)
        } else if case .spawnFailed(let worker, _) = event {
            try checkRestart(position(worker), actions, readyFor: nil, isReloaded: false)
        }
    }

    private mutating func checkRestart(
        _ index: Int,
        _ actions: [SupervisorAction],
        readyFor: Duration?,
        isReloaded: Bool
    ) throws(Violation) {
        let worker = WorkerName.allCases[index]
        let phase = core.workers[index].phase
        if isToStop(index) {
            if phase != .stopped { throw violation("\(worker.rawValue) is not left stopped but \(phase)") }
            return
        }
        let range = isReloaded ? .zero ... .zero : backoffs[index].nextDelay(readyFor: readyFor)
        if range.upperBound == .zero {
            if !actions.contains(.spawn(worker)) { throw violation("\(worker.rawValue) is not restarted at once") }
            return
        }
        guard case .waiting(let until) = phase else {
            throw violation("\(worker.rawValue) restarts without a delay in \(range)")
        }
        if !range.contains(until - now) { throw violation("\(worker.rawValue) waits \(until - now), not \(range)") }
    }

    /// What people see of a worker: its phase by name and its pid. A spawn is told with its result.
    private static func looksDifferent(_ old: WorkerStateMachine, _ new: WorkerStateMachine) -> Bool {
        if new.phase == .spawning { return false }
        return kind(old) != kind(new) || old.pid != new.pid
    }

    private static func kind(_ worker: WorkerStateMachine) -> Int {
        switch worker.phase {
        case .waiting: 0
        case .spawning: 1
        case .starting: 2
        case .ready: 3
        case .aborting, .stopping: 4
        case .stopped: 5
        }
    }

    /// Before a signal is performed.
    func checkSignal(_ worker: WorkerName, pid: Int32, _ signal: WorkerSignal) throws(Violation) {
        let index = position(worker)
        guard let process = processes[index], process.pid == pid else {
            throw violation("signals \(pid), which is reaped or not \(worker.rawValue)'s")
        }
        switch signal {
        case .abort:
            if process.isDiligent, !process.isZombie {
                throw violation("\(worker.rawValue) beats on time and is aborted")
            }
        case .terminate:
            if index == 0, terminatedAt != nil, !isHurried, processes[1] != nil || processes[2] != nil {
                throw violation("the health server is stopped before the others are gone")
            }
        case .kill:
            guard process.isAborted || process.isTerminated || isHurried else {
                throw violation("\(worker.rawValue) is killed without a warning")
            }
        }
    }

    /// What must hold between events.
    func checkState() throws(Violation) {
        guard core.reapedOrphans == orphans else { throw violation("\(core.reapedOrphans) orphans, not \(orphans)") }
        for (index, worker) in core.workers.enumerated() {
            let process = processes[index]
            if worker.pid != process?.pid { throw violation("lost sight of \(worker.name.rawValue)") }
            switch worker.phase {
            case .waiting(let until):
                let bound: Duration = index == 0 ? .milliseconds(250) : .seconds(30)
                if until - now > bound { throw violation("\(worker.name.rawValue) waits \(until - now)") }
            case .spawning: throw violation("\(worker.name.rawValue) was never spawned")
            case .stopped:
                if terminatedAt == nil { throw violation("\(worker.name.rawValue) was given up") }
            case .starting, .ready:
                guard let process else { continue }
                try checkAlertness(process, index)
            case .aborting(_, let killAt):
                if killAt == nil, process?.isKilled == false { throw violation("a hung worker is not killed") }
            case .stopping(_, let killAt, _):
                if killAt == nil, process?.isKilled == false { throw violation("a stopped worker is not killed") }
            }
        }
        if let flaw = service.check(self) { throw violation(flaw) }
        if finished { return }
        guard let deadline = core.nextDeadline else { throw violation("waits for ever") }
        if deadline <= now { throw violation("left something due undone") }
    }

    private static let lastCall = Duration.milliseconds(250)

    /// Nobody hangs unnoticed: the limits of the design, and what the supervisor was late itself.
    private func checkAlertness(_ process: SimulatedProcess, _ index: Int) throws(Violation) {
        let name = WorkerName.allCases[index].rawValue
        if let beat = process.lastBeat {
            let limit: Duration = index == 0 ? .seconds(3) : .seconds(30)
            if now - beat > limit + Self.lastCall + process.forgiven {
                throw violation("\(name) hangs unnoticed since \(beat)")
            }
        } else {
            let limit: Duration = index == 0 ? .seconds(10) : .seconds(30)
            if now - process.spawnedAt > limit + Self.lastCall + process.forgiven {
                throw violation("\(name) never became ready")
            }
        }
    }
}
