import Shared

@testable import Supervisor

/// A world of processes around ``SupervisorCore`` with a virtual clock and a seeded generator.
///
/// Each step lets something happen that can happen on a real machine, performs the actions as the loop would, and
/// checks the invariants (`SupervisorSimulation+Checks.swift`). A violation carries the seed, which replays the history.
struct SupervisorSimulation {
    struct Violation: Error, CustomStringConvertible {
        var seed: UInt64
        var step: Int
        var text: String
        var description: String { "seed \(seed), step \(step): \(text)" }
    }

    /// Counts over one history.
    struct Counts {
        var spawns = 0
        var exits = 0
        var signals = 0
        var events = 0
        var reloads = 0

        static func += (a: inout Counts, b: Counts) {
            a.spawns += b.spawns
            a.exits += b.exits
            a.signals += b.signals
            a.events += b.events
            a.reloads += b.reloads
        }
    }

    let seed: UInt64
    var random: SplitMix64
    var now = MonotonicTime(milliseconds: 1_000_000)
    var core: SupervisorCore
    /// By the worker's position in `WorkerName.allCases`; zombies too.
    var processes: [SimulatedProcess?] = [nil, nil, nil]
    var backoffs = WorkerName.allCases.map(SimulatedBackoff.init)
    var nextPID: Int32 = 100
    var step = 0
    /// Moved by standstills: only time in which the supervisor runs counts.
    private(set) var terminatedAt: MonotonicTime?
    var isHurried = false
    var finished = false
    /// The machine has just stood still and runs at least until then.
    private var runsUntil = MonotonicTime(milliseconds: 0)
    /// Nothing bad happens any more.
    var isCalm = false
    var orphans = 0
    /// The event that asked for the last reload, and the event at which each worker was spawned last.
    var reloadedAt = 0
    var spawnedAt = [0, 0, 0]
    var counts = Counts()
    var service: SimulatedService
    /// The history, if it is to be printed.
    private(set) var trace: [String]?

    init(seed: UInt64, traced: Bool = false) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        // None, one that is shorter than two ticks, one that is longer.
        let watchdog: Duration? = [nil, .seconds(3), .seconds(30)][Int(seed % 3)]
        service = SimulatedService(limit: watchdog)
        core = SupervisorCore(seed: seed ^ 0xABCD, now: now, serviceWatchdog: watchdog)
        if traced { trace = [] }
    }

    /// The longest an ordered stop may take: all graces, the abort grace of one that hangs, and the processes' deaths.
    static let stopBound: Duration =
        WorkerName.allCases.map { WorkerPolicy.standard($0).stopGrace }.reduce(.seconds(1), +) + .milliseconds(200)
    /// After the last bad event: a hang is noticed (30 s), ends (1 s), waits (30 s), starts, and a reload goes round.
    static let calmBound: Duration = .seconds(150)

    mutating func run(steps: Int) throws(Violation) {
        try deliver(.start)
        for index in 0..<steps where !finished {
            step = index
            try happen()
        }
        if terminatedAt == nil {
            if seed.isMultiple(of: 16) { try calmDown() }
            try terminate()
        }
        // The stop must end by itself now.
        while !finished {
            step += 1
            try advance(to: min(core.nextDeadline ?? now + .seconds(1), nextOwnTime() ?? now + .seconds(60)))
            guard let terminatedAt, now - terminatedAt <= Self.stopBound else {
                throw violation("the stop takes too long")
            }
        }
        guard processes.allSatisfy({ $0 == nil }) else { throw violation("left with live processes") }
    }

    /// Everything must become ready, and a reload that was asked for must have gone round.
    private mutating func calmDown() throws(Violation) {
        isCalm = true
        let began = now
        note("calm")
        for index in processes.indices { try reap(index) }
        while true {
            let isReady = core.workers.allSatisfy { worker in
                if case .ready = worker.phase { return true }
                return false
            }
            if isReady, core.reloadQueue.isEmpty { break }
            step += 1
            try advance(to: min(core.nextDeadline ?? now + .seconds(1), nextOwnTime() ?? now + .seconds(60)))
            guard now - began <= Self.calmBound else { throw violation("does not settle") }
        }
        for index in spawnedAt.indices where spawnedAt[index] < reloadedAt {
            throw violation("\(WorkerName.allCases[index].rawValue) was not restarted by SIGHUP")
        }
    }

    // MARK: What can happen

    private mutating func happen() throws(Violation) {
        switch random.next(below: 100) {
        case 0..<26: try advance(to: now + .milliseconds(Int64(random.next(below: 1500))))
        case 26..<40: if let deadline = core.nextDeadline { try advance(to: max(now, deadline)) }
        case 40..<45: try advance(to: now + .milliseconds(Int64(random.next(below: 15_000))))
        case 45..<50: try standStill()
        case 50..<58: if let index = anyProcess() { try speak(index, isReady: true) }
        case 58..<72: if let index = anyProcess() { try speak(index, isReady: false) }
        case 72..<82:
            if let index = anyProcess() { try die(index, .signal(Int32(1 + random.next(below: 31)))) }
        case 82..<85: if let index = anyProcess() { try die(index, .code(Int32(random.next(below: 3)))) }
        case 85..<88:
            // Dies now, is reaped later: signals that are sent meanwhile go to a zombie.
            if let index = anyProcess() { processes[index]?.isZombie = true }
        case 88..<92: for index in processes.indices { if processes[index]?.isZombie == true { try reap(index) } }
        case 92..<95:
            // Pids that are nobody's: an orphan of ours, a stranger, one that was reaped long ago.
            orphans += 1
            try deliver(.exited(pid: 1_000_000, .code(0)))
            try deliver(.ready(pid: 1_000_000))
            try deliver(.heartbeat(pid: 99))
        case 95..<98:
            counts.reloads += 1
            if terminatedAt == nil { reloadedAt = counts.events + 1 }
            try deliver(.reload)
        default: if random.next(below: 3) == 0 { try terminate() }
        }
    }

    private mutating func terminate() throws(Violation) {
        if terminatedAt != nil { isHurried = true }
        terminatedAt = terminatedAt ?? now
        try deliver(.terminate)
    }

    /// The whole machine did not run; then something that was waiting comes first.
    ///
    /// Two within a quarter of a second are not told apart from a worker that hangs: nothing could.
    private mutating func standStill() throws(Violation) {
        guard now >= runsUntil else { return }
        defer { runsUntil = now + .milliseconds(250) }
        let standstill = Duration.milliseconds(Int64(random.next(below: 40_000)))
        note("standstill \(standstill)")
        let late = max(.zero, now + standstill - (core.nextDeadline ?? now + standstill))
        now = now + standstill
        terminatedAt = terminatedAt.map { $0 + standstill }
        for index in processes.indices {
            processes[index]?.forgiven += late + .seconds(1)
            // It did not run either, and goes on after us.
            if let time = processes[index]?.speaksAt, time < now {
                processes[index]?.speaksAt = now + .milliseconds(Int64(random.next(below: 200)))
            }
        }
        if random.next(below: 2) == 0 { return try deliver(.timer) }
        if let index = anyProcess() { try speak(index, isReady: false) } else { try deliver(.timer) }
    }

    private mutating func anyProcess() -> Int? {
        let index = Int(random.next(below: 3))
        return processes[index]?.isZombie == false ? index : nil
    }

    mutating func speak(_ index: Int, isReady: Bool) throws(Violation) {
        guard let process = processes[index] else { return }
        // A second READY=1 is no heartbeat and a heartbeat no READY=1: neither replaces what is due.
        if process.isDiligent, isReady == (process.readySince == nil) {
            processes[index]?.speaksAt = now + (index == 0 ? .seconds(1) : .seconds(10))
        }
        if process.isAborted || process.isTerminated {
            // Too late: what it says does not change how it is treated.
        } else if isReady, process.readySince == nil {
            processes[index]?.readySince = now
            hasBeaten(index)
        } else if !isReady, process.readySince != nil {
            hasBeaten(index)
        }
        try deliver(isReady ? .ready(pid: process.pid) : .heartbeat(pid: process.pid))
    }

    private mutating func hasBeaten(_ index: Int) {
        processes[index]?.lastBeat = now
        processes[index]?.forgiven = .zero
    }

    private mutating func die(_ index: Int, _ status: ExitStatus) throws(Violation) {
        processes[index]?.isZombie = true
        try reap(index, status)
    }

    mutating func reap(_ index: Int, _ status: ExitStatus = .signal(9)) throws(Violation) {
        guard var process = processes[index], process.isZombie else { return }
        process.leaveReady(at: now)
        processes[index] = nil
        counts.exits += 1
        try deliver(.exited(pid: process.pid, status), exited: (index, process))
    }

    func position(_ worker: WorkerName) -> Int {
        switch worker {
        case .healthServer: 0
        case .watcher: 1
        case .publisher: 2
        }
    }

    func violation(_ text: String) -> Violation { Violation(seed: seed, step: step, text: text) }

    mutating func note(_ text: @autoclosure () -> String) {
        if trace != nil { trace?.append("\(now.milliseconds) ms: \(text())") }
    }
}
