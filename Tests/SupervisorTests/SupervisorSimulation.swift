import Shared

@testable import Supervisor

/// A world of processes around ``SupervisorCore`` with a virtual clock and a seeded generator.
///
/// Each step lets something happen that can happen on a real machine, performs the actions as the loop would, and
/// checks the invariants. A violation carries the seed, which replays the history.
struct SupervisorSimulation {
    struct Violation: Error, CustomStringConvertible {
        var seed: UInt64
        var step: Int
        var text: String
        var description: String { "seed \(seed), step \(step): \(text)" }
    }

    private struct Process {
        var worker: WorkerName
        var ignoresTerminate: Bool
        var ignoresAbort: Bool
        /// When a signal that it obeys ends it.
        var endsAt: MonotonicTime?
    }

    private let seed: UInt64
    private var random: SplitMix64
    private var now = MonotonicTime(milliseconds: 1_000_000)
    private var core: SupervisorCore
    private var processes: [Int32: Process] = [:]
    private var nextPID: Int32 = 100
    private var step = 0
    private var terminateAt: MonotonicTime?
    private var finished = false
    private(set) var spawns = 0
    private(set) var exits = 0
    private(set) var kills = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        core = SupervisorCore(seed: seed ^ 0xABCD, now: now)
    }

    /// The longest an ordered stop may take: all graces, the abort grace of one that hangs, and the processes' deaths.
    static let stopBound: Duration =
        WorkerName.allCases.map { WorkerPolicy.standard($0).stopGrace }.reduce(.seconds(1), +) + .milliseconds(200)

    mutating func run(steps: Int) throws(Violation) {
        try deliver(.start)
        for index in 0..<steps where !finished {
            step = index
            try happen()
        }
        if terminateAt == nil { try terminate() }
        // The stop must end by itself now.
        while !finished {
            step += 1
            try advance(to: min(core.nextDeadline ?? now + .seconds(1), earliestEnd() ?? now + .seconds(60)))
            guard let terminateAt, now - terminateAt <= Self.stopBound else {
                throw violation("the stop takes too long")
            }
        }
        guard processes.isEmpty else { throw violation("left with live processes") }
    }

    private func violation(_ text: String) -> Violation { Violation(seed: seed, step: step, text: text) }

    private mutating func happen() throws(Violation) {
        switch random.next(below: 100) {
        case 0..<30:
            try advance(to: now + .milliseconds(Int64(random.next(below: 1500))))
        case 30..<55:
            if let deadline = core.nextDeadline { try advance(to: max(now, deadline)) }
        case 55..<60:
            // The whole machine stood still.
            let standstill = Duration.milliseconds(Int64(random.next(below: 20_000)))
            now = now + standstill
            terminateAt = terminateAt.map { $0 + standstill }
            try deliver(.timer)
        case 60..<70:
            if let pid = anyPID() { try deliver(.ready(pid: pid)) }
        case 70..<85:
            for pid in processes.keys.sorted() { try deliver(.heartbeat(pid: pid)) }
        case 85..<93:
            if let pid = anyPID() { try end(pid, .signal(9)) }
        case 93..<95:
            if let pid = anyPID() { try end(pid, .code(Int32(random.next(below: 3)))) }
        case 95..<97:
            try deliver(.exited(pid: 1_000_000, .code(0)))
            try deliver(.ready(pid: 1_000_000))
        case 97..<99:
            try deliver(.reload)
        default:
            if random.next(below: 4) == 0 { try terminate() }
        }
    }

    private mutating func terminate() throws(Violation) {
        if terminateAt == nil { terminateAt = now }
        try deliver(.terminate)
    }

    private mutating func anyPID() -> Int32? {
        let pids = processes.keys.sorted()
        return pids.isEmpty ? nil : pids[Int(random.next(below: UInt64(pids.count)))]
    }

    private func earliestEnd() -> MonotonicTime? { processes.values.compactMap(\.endsAt).min() }

    /// Lets time pass as it does for a loop that is woken on time.
    private mutating func advance(to time: MonotonicTime) throws(Violation) {
        while !finished {
            let end = earliestEnd() ?? time + .seconds(1)
            let next = min(end, core.nextDeadline ?? time)
            guard next <= time else { break }
            now = max(now, next)
            if next == end, let pid = processes.first(where: { $0.value.endsAt == end })?.key {
                try self.end(pid, .signal(15))
            } else {
                try deliver(.timer)
            }
        }
        if finished { return }
        now = max(now, time)
        try deliver(.timer)
    }

    private mutating func end(_ pid: Int32, _ status: ExitStatus) throws(Violation) {
        processes[pid] = nil
        exits += 1
        try deliver(.exited(pid: pid, status))
    }

    private mutating func deliver(_ event: SupervisorEvent) throws(Violation) {
        var queue = [event]
        while !queue.isEmpty {
            let actions = core.handle(queue.removeFirst(), now: now)
            if finished, !actions.isEmpty { throw violation("acts after its end") }
            for action in actions { if let follow = try perform(action) { queue.append(follow) } }
        }
        try check()
    }

    private mutating func perform(_ action: SupervisorAction) throws(Violation) -> SupervisorEvent? {
        switch action {
        case .spawn(let worker):
            if processes.values.contains(where: { $0.worker == worker }) {
                throw violation("a second \(worker.rawValue) is spawned")
            }
            if random.next(below: 10) == 0 { return .spawnFailed(worker, reason: "fork: out of processes") }
            nextPID += 1
            spawns += 1
            processes[nextPID] = Process(
                worker: worker,
                ignoresTerminate: random.next(below: 5) == 0,
                ignoresAbort: random.next(below: 3) == 0
            )
            return .spawned(worker, pid: nextPID)
        case .signal(let worker, let pid, let signal, _):
            guard var process = processes[pid] else { throw violation("signals \(pid), which is reaped") }
            guard process.worker == worker else { throw violation("signals the wrong worker") }
            kills += 1
            let delay = Duration.milliseconds(Int64(random.next(below: 20)))
            switch signal {
            case .kill: process.endsAt = min(process.endsAt ?? now + delay, now + delay)
            case .terminate where !process.ignoresTerminate: process.endsAt = now + delay
            case .abort where !process.ignoresAbort: process.endsAt = now + delay
            case .terminate, .abort: break
            }
            processes[pid] = process
        case .exit: finished = true
        case .repair, .publish, .tick, .log: break
        }
        return nil
    }

    private func check() throws(Violation) {
        for worker in core.workers {
            let live = processes.filter { $0.value.worker == worker.name }.map(\.key)
            if live.count > 1 { throw violation("two live processes of \(worker.name.rawValue)") }
            if worker.pid != live.first { throw violation("lost sight of \(worker.name.rawValue)") }
            guard case .waiting(let until) = worker.phase else { continue }
            let bound: Duration = worker.name == .healthServer ? .milliseconds(250) : .seconds(30)
            if until - now > bound { throw violation("\(worker.name.rawValue) waits \(until - now)") }
        }
        if finished { return }
        guard let deadline = core.nextDeadline else { throw violation("waits for ever") }
        if deadline <= now { throw violation("left something due undone") }
    }
}
