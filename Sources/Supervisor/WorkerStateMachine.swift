import Shared

/// One worker's state. Decides nothing by itself; ``SupervisorCore`` moves it.
///
/// | Phase | Leaves it when |
/// |---|---|
/// | `waiting` | its time has come (spawn), or the stop begins (→ `stopped`) |
/// | `spawning` | the loop reports the spawn (→ `starting`) or its failure (→ `waiting`) |
/// | `starting` | READY=1 (→ `ready`), its deadline (→ `aborting`), exit (→ `waiting`), TERM sent (→ `stopping`) |
/// | `ready` | its watchdog (→ `aborting`), exit (→ `waiting`), TERM sent (→ `stopping`) |
/// | `aborting` | exit (→ `waiting` or `stopped`); SIGKILL follows SIGABRT after the grace |
/// | `stopping` | exit (→ `stopped`, or a new start in a reload); SIGKILL follows SIGTERM after the grace |
/// | `stopped` | never |
struct WorkerStateMachine: Equatable, Sendable {
    /// See the table above. Times are deadlines.
    enum Phase: Equatable, Sendable {
        case waiting(until: MonotonicTime)
        case spawning
        case starting(pid: Int32, since: MonotonicTime, deadline: MonotonicTime)
        case ready(pid: Int32, since: MonotonicTime, readySince: MonotonicTime, deadline: MonotonicTime?)
        case aborting(pid: Int32, killAt: MonotonicTime?)
        case stopping(pid: Int32, killAt: MonotonicTime?, thenStart: Bool)
        case stopped
    }

    let name: WorkerName
    let policy: WorkerPolicy
    var phase: Phase
    /// Restarts in a row that came too soon; 0 after a stable period.
    var attempt = 0
    var restarts = 0
    var restartsByReason: [String: Int] = [:]
    /// The times of the restarts of the last 60 s.
    var recentRestarts: [MonotonicTime] = []
    var crashLoopLogged: MonotonicTime?
    var lastExit: LastExit?
    /// The last READY=1 or WATCHDOG=1 of the present process.
    private(set) var lastHeartbeat: MonotonicTime?
    /// How long the present process had been well when that ended: it died, was asked to stop, or hung (then up to its
    /// last sign of life). `nil` as long as it is ready, and if it never was.
    private(set) var readyFor: Duration?
    private var hasHadLastCall = false

    /// How it ended last.
    struct LastExit: Equatable, Sendable {
        var status: ExitStatus?
        var spawnFailure: String?
        var at: MonotonicTime
    }

    init(name: WorkerName, policy: WorkerPolicy, startAt: MonotonicTime) {
        self.name = name
        self.policy = policy
        phase = .waiting(until: startAt)
    }

    /// The live process, if there is one.
    var pid: Int32? {
        switch phase {
        case .starting(let pid, _, _), .ready(let pid, _, _, _), .aborting(let pid, _), .stopping(let pid, _, _): pid
        case .waiting, .spawning, .stopped: nil
        }
    }

    /// When something is due by itself.
    var deadline: MonotonicTime? {
        switch phase {
        case .waiting(let until): until
        case .starting(_, _, let deadline): deadline
        case .ready(_, _, _, let deadline): deadline
        case .aborting(_, let killAt): killAt
        case .stopping(_, let killAt, _): killAt
        case .spawning, .stopped: nil
        }
    }

    /// A new process is on its way.
    mutating func forgetReadiness() {
        readyFor = nil
        lastHeartbeat = nil
        hasHadLastCall = false
    }

    /// Keeps how long the process was ready. After a stable period the backoff starts anew, however the process ends.
    mutating func leaveReady(at end: MonotonicTime) {
        guard case .ready(_, _, let readySince, _) = phase else { return }
        let period = end - readySince
        readyFor = period
        if period >= policy.stablePeriod { attempt = 0 }
    }

    /// Its time is over: it gets ``WorkerPolicy/lastCall`` more, once, or again if we did not wake in time for its end.
    ///
    /// A machine that stood still until a moment ago looks just like a worker that hangs. Whoever stood still with us
    /// speaks now.
    ///
    /// - Returns: False if it has had its last call.
    mutating func takeLastCall(now: MonotonicTime) -> Bool {
        guard let deadline, !hasHadLastCall || now - deadline > policy.lastCall else { return false }
        hasHadLastCall = true
        let end = now + policy.lastCall
        switch phase {
        case .starting(let pid, let since, _): phase = .starting(pid: pid, since: since, deadline: end)
        case .ready(let pid, let since, let readySince, _):
            phase = .ready(pid: pid, since: since, readySince: readySince, deadline: end)
        case .waiting, .spawning, .aborting, .stopping, .stopped: return false
        }
        return true
    }

    /// It has spoken: its next deadline counts from now.
    mutating func hasBeaten(at now: MonotonicTime) {
        hasHadLastCall = false
        lastHeartbeat = now
    }

    /// At least this many restarts within ``crashLoopWindow`` are a crash loop.
    static let crashLoopRestarts = 5
    static let crashLoopWindow = Duration.seconds(60)

    /// Shown, slowed down, never given up.
    func isCrashLooping(at now: MonotonicTime) -> Bool {
        recentRestarts.filter { now - $0 < Self.crashLoopWindow }.count >= Self.crashLoopRestarts
    }

    /// Moves the deadlines at which a worker would count as hung: the supervisor itself was late.
    mutating func forgive(_ lateness: Duration, notBefore earliest: MonotonicTime) {
        switch phase {
        case .starting(let pid, let since, let deadline):
            phase = .starting(pid: pid, since: since, deadline: max(deadline + lateness, earliest))
        case .ready(let pid, let since, let readySince, let deadline?):
            phase = .ready(
                pid: pid,
                since: since,
                readySince: readySince,
                deadline: max(deadline + lateness, earliest)
            )
        case .waiting, .spawning, .ready, .aborting, .stopping, .stopped:
            break
        }
    }
}
