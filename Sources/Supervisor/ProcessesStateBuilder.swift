internal import CLinux
import Shared

/// Turns the core's knowledge into the section that everybody reads.
struct ProcessesStateBuilder {
    let run: String
    let manager: ProcessesState.Manager
    /// Both clocks at one moment, to give monotonic times a date.
    var wallClockOffsetMilliseconds: Int64
    private(set) var events: [StateEvent] = []

    init(run: String, manager: ProcessesState.Manager, wallClockOffsetMilliseconds: Int64) {
        self.run = run
        self.manager = manager
        self.wallClockOffsetMilliseconds = wallClockOffsetMilliseconds
    }

    mutating func record(_ event: StateEvent) { events.record(event) }

    /// - Parameter droppedLogLines: By worker, since the start of the run.
    func state(_ core: SupervisorCore, droppedLogLines: [WorkerName: Int], now: MonotonicTime) -> ProcessesState {
        var state = ProcessesState(run: run, manager: manager)
        state.stopping = core.mode != .running
        state.reapedOrphans = core.reapedOrphans
        state.events = events
        state.workers = core.workers.map { worker in
            var entry = ProcessesState.Worker(name: worker.name.rawValue)
            entry.restarts = worker.restarts
            entry.restartsByReason = worker.restartsByReason
            entry.crashLooping = worker.isCrashLooping(at: now)
            entry.droppedLogLines = droppedLogLines[worker.name] ?? 0
            entry.pid = worker.pid
            entry.lastExit = worker.lastExit.map(exit)
            entry.lastHeartbeat = worker.pid == nil ? nil : worker.lastHeartbeat
            switch worker.phase {
            case .waiting(let until):
                entry.phase = .waiting
                entry.nextStart = until
            case .spawning: entry.phase = .starting
            case .starting(_, let since, _):
                entry.phase = .starting
                entry.started = since
            case .ready(_, let since, let readySince, _):
                entry.phase = .ready
                entry.started = since
                entry.ready = readySince
            case .aborting, .stopping: entry.phase = .stopping
            case .stopped: entry.phase = .stopped
            }
            return entry
        }
        return state
    }

    private func exit(_ exit: WorkerStateMachine.LastExit) -> ProcessesState.Exit {
        let at = WallClock(milliseconds: exit.at.milliseconds + wallClockOffsetMilliseconds).rfc3339
        switch exit.status {
        case .code(let code): return ProcessesState.Exit(code: code, at: at)
        case .signal(let signal):
            return ProcessesState.Exit(signal: signal, signalName: signalName(signal), at: at)
        case nil: return ProcessesState.Exit(spawnFailure: exit.spawnFailure, at: at)
        }
    }
}

/// `SIGKILL` for 9; the number for one that has no name.
func signalName(_ signal: Int32) -> String {
    guard let name = clinux_signal_name(signal) else { return "signal \(signal)" }
    return "SIG" + String(cString: name)
}
