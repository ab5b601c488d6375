import Shared

/// Everything the supervisor decides: `(state, event, now) → (state, actions)`, no clock, no I/O.
///
/// The loop performs the actions in order and reports what came of them as events. Invariants, checked by the
/// simulation in the tests: never two live processes for one worker; every wait within its bounds; the stop ends within
/// the sum of the graces; no event loses an action.
struct SupervisorCore: Sendable {
    var workers: [WorkerStateMachine]
    var mode = Mode.running
    private(set) var reapedOrphans = 0
    private var generator: SplitMix64
    var nextTick: MonotonicTime
    /// What the loop was told to wait for: waking long after it means that we ourselves did not run.
    private var promisedWake: MonotonicTime?
    /// Workers still to be restarted by SIGHUP, the first one under way.
    var reloadQueue: [WorkerName] = []
    /// The worker whose new process SIGHUP waits for.
    var reloading: WorkerName?
    /// What whoever started the manager was told.
    var report: ServiceReport
    /// Between two ticks: ``tickInterval``, or less where heartbeats are due sooner.
    let interval: Duration

    /// What the supervisor is about.
    enum Mode: Equatable, Sendable {
        case running
        /// SIGTERM seen: the workers of ``WorkerName/stopOrder`` from `index` on are still to go.
        case stopping(index: Int)
        case done
    }

    /// The tick word is stored this often, or up to a fifth sooner where something else wakes us.
    static let tickInterval = Duration.seconds(5)
    /// Waking later than this after a deadline is the machine's fault, not a worker's.
    static let toleratedLateness = Duration.seconds(1)

    /// - Parameter serviceWatchdog: `WATCHDOG_USEC` of the manager, if it is meant for it.
    init(
        seed: UInt64,
        now: MonotonicTime,
        serviceWatchdog: Duration? = nil,
        policy: (WorkerName) -> WorkerPolicy = WorkerPolicy.standard
    ) {
        report = ServiceReport(watchdogLimit: serviceWatchdog)
        interval = min(Self.tickInterval, report.watchdogInterval ?? Self.tickInterval)
        generator = SplitMix64(seed: seed)
        workers = WorkerName.allCases.map { WorkerStateMachine(name: $0, policy: policy($0), startAt: now) }
        nextTick = now
    }

    /// When the loop must call again with ``SupervisorEvent/timer`` at the latest.
    var nextDeadline: MonotonicTime? {
        if mode == .done { return nil }
        return workers.compactMap(\.deadline).reduce(nextTick) { min($0, $1) }
    }

    /// Takes one event and says what to do.
    mutating func handle(_ event: SupervisorEvent, now: MonotonicTime) -> [SupervisorAction] {
        guard mode != .done else { return [] }
        forgiveOwnLateness(now)
        var actions: [SupervisorAction] = []
        switch event {
        case .start: break
        case .spawned(let name, let pid): spawned(name, pid: pid, now: now, &actions)
        case .spawnFailed(let name, let reason): spawnFailed(name, reason: reason, now: now, &actions)
        case .exited(let pid, let status): exited(pid: pid, status: status, now: now, &actions)
        case .ready(let pid): ready(pid: pid, now: now, &actions)
        case .heartbeat(let pid): heartbeat(pid: pid, now: now)
        case .terminate: terminate(now: now, &actions)
        case .reload:
            if mode == .running { actions += report.reloadBegins().map(SupervisorAction.service) }
            reload(&actions)
        case .timer: break
        }
        runDue(now: now, &actions)
        advanceReload(now: now, &actions)
        advanceStop(now: now, &actions)
        actions += report.update(self, now: now).map(SupervisorAction.service)
        promisedWake = nextDeadline
        return actions
    }

    private mutating func forgiveOwnLateness(_ now: MonotonicTime) {
        guard let promisedWake, now - promisedWake > Self.toleratedLateness else { return }
        for index in workers.indices {
            // Nobody is judged before the heartbeats that wait in our socket have been read.
            workers[index].forgive(now - promisedWake, notBefore: now + Self.toleratedLateness)
        }
    }

    func index(of name: WorkerName) -> Int? { workers.firstIndex { $0.name == name } }

    // MARK: Life of a worker

    private mutating func spawned(
        _ name: WorkerName,
        pid: Int32,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) {
        guard let index = index(of: name), workers[index].phase == .spawning else { return }
        let deadline = now + workers[index].policy.readyDeadline
        workers[index].phase = .starting(pid: pid, since: now, deadline: deadline)
        actions.append(.publish)
        if isStoppingNow(name) { sendTerminate(index, thenStart: false, now: now, &actions) }
    }

    private mutating func spawnFailed(
        _ name: WorkerName,
        reason: String,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) {
        guard let index = index(of: name), workers[index].phase == .spawning else { return }
        workers[index].lastExit = .init(status: nil, spawnFailure: reason, at: now)
        let delay = scheduleRestart(index, reason: "spawn", now: now, &actions)
        logDeath(index, .spawnFailed(name, reason: reason, restartIn: delay), now: now, &actions)
    }

    private mutating func exited(
        pid: Int32,
        status: ExitStatus,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) {
        guard let index = workers.firstIndex(where: { $0.pid == pid }) else {
            reapedOrphans += 1
            return
        }
        let name = workers[index].name
        var reason = "exit"
        if case .signal = status { reason = "signal" }
        var startAgainAtOnce = false
        workers[index].leaveReady(at: now)
        switch workers[index].phase {
        case .aborting: reason = "heartbeat"
        case .stopping(_, _, let thenStart): startAgainAtOnce = thenStart
        case .waiting, .spawning, .starting, .ready, .stopped: break
        }
        workers[index].lastExit = .init(status: status, spawnFailure: nil, at: now)
        actions.append(.repair(name))
        if startAgainAtOnce, !isStoppingNow(name) {
            workers[index].phase = .waiting(until: now)
            actions.append(.publish)
            return
        }
        if case .stopping = workers[index].phase {
            workers[index].phase = .stopped
            actions.append(.publish)
            return
        }
        let delay = scheduleRestart(index, reason: reason, now: now, &actions)
        logDeath(index, .exited(name, pid: pid, status, restartIn: delay), now: now, &actions)
    }

    /// One line per death; in a crash loop one per minute, which says so.
    private mutating func logDeath(
        _ index: Int,
        _ entry: SupervisorLogEntry,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) {
        guard workers[index].isCrashLooping(at: now) else {
            actions.append(.log(entry))
            return
        }
        if let last = workers[index].crashLoopLogged, now - last < .seconds(60) { return }
        workers[index].crashLoopLogged = now
        actions.append(.log(entry))
        actions.append(.log(.crashLooping(workers[index].name, restarts: workers[index].recentRestarts.count)))
    }

    /// - Returns: The delay, or `nil` if it is not started again because we are stopping.
    private mutating func scheduleRestart(
        _ index: Int,
        reason: String,
        now: MonotonicTime,
        _ actions: inout [SupervisorAction]
    ) -> Duration? {
        actions.append(.publish)
        if isStoppingNow(workers[index].name) {
            workers[index].phase = .stopped
            return nil
        }
        let policy = workers[index].policy
        var delay = Duration.zero
        if (workers[index].readyFor ?? .zero) < policy.immediateRestartAfter {
            workers[index].attempt += 1
            delay = policy.backoff.delay(attempt: workers[index].attempt, using: &generator)
        }
        workers[index].restarts += 1
        workers[index].restartsByReason[reason, default: 0] += 1
        workers[index].recentRestarts.removeAll { now - $0 >= WorkerStateMachine.crashLoopWindow }
        workers[index].recentRestarts.append(now)
        workers[index].phase = .waiting(until: now + delay)
        return delay
    }

    private mutating func ready(pid: Int32, now: MonotonicTime, _ actions: inout [SupervisorAction]) {
        guard let index = workers.firstIndex(where: { $0.pid == pid }),
            case .starting(_, let since, _) = workers[index].phase
        else { return }
        workers[index].phase = .ready(
            pid: pid,
            since: since,
            readySince: now,
            deadline: now + workers[index].policy.watchdogLimit
        )
        workers[index].hasBeaten(at: now)
        actions.append(.publish)
    }

    private mutating func heartbeat(pid: Int32, now: MonotonicTime) {
        guard let index = workers.firstIndex(where: { $0.pid == pid }),
            case .ready(_, let since, let readySince, _) = workers[index].phase
        else { return }
        workers[index].phase = .ready(
            pid: pid,
            since: since,
            readySince: readySince,
            deadline: now + workers[index].policy.watchdogLimit
        )
        workers[index].hasBeaten(at: now)
    }
}
