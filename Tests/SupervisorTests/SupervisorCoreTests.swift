import Shared
import Testing

@testable import Supervisor

@Suite struct SupervisorCoreTests {
    let start = MonotonicTime(milliseconds: 10_000)

    /// A core whose three workers run as 101, 102 and 103.
    func running(ready: Bool = true) -> SupervisorCore {
        var core = SupervisorCore(seed: 1, now: start)
        let actions = core.handle(.start, now: start)
        #expect(actions.filter { $0 == .tick }.count == 1)
        for (index, worker) in WorkerName.allCases.enumerated() {
            #expect(actions.contains(.spawn(worker)))
            _ = core.handle(.spawned(worker, pid: 101 + Int32(index)), now: start)
            if ready { _ = core.handle(.ready(pid: 101 + Int32(index)), now: start) }
        }
        return core
    }

    @Test func startsTheWorkersInOrderHealthServerFirst() {
        var core = SupervisorCore(seed: 1, now: start)
        let spawns = core.handle(.start, now: start).filter { if case .spawn = $0 { true } else { false } }
        #expect(spawns == [.spawn(.healthServer), .spawn(.watcher), .spawn(.publisher)])
    }

    @Test func restartsAtOnceWhatHadBeenReadyForASecond() {
        var core = running()
        let actions = core.handle(.exited(pid: 103, .signal(9)), now: start + .seconds(1))
        #expect(actions.contains(.spawn(.publisher)))
        #expect(actions.contains(.repair(.publisher)))
    }

    @Test func waitsBeforeRestartingWhatDiedYoungAndLongerEachTime() {
        var core = running(ready: false)
        var now = start
        var pid: Int32 = 103
        for attempt in 1...12 {
            let actions = core.handle(.exited(pid: pid, .code(1)), now: now)
            #expect(!actions.contains(.spawn(.publisher)))
            guard case .waiting(let until)? = core.workers.last?.phase else {
                Issue.record("not waiting")
                return
            }
            let bound = RestartBackoff(base: .milliseconds(100), maximum: .seconds(30)).bound(attempt: attempt)
            #expect(until - now <= bound && until - now >= bound / 2)
            now = until
            #expect(core.handle(.timer, now: now).contains(.spawn(.publisher)))
            pid += 100
            _ = core.handle(.spawned(.publisher, pid: pid), now: now)
        }
    }

    @Test func startsTheBackoffAnewAfterTenSecondsOfReadiness() {
        var core = running(ready: false)
        _ = core.handle(.exited(pid: 103, .code(1)), now: start)
        var now = start + .milliseconds(100)
        _ = core.handle(.timer, now: now)
        _ = core.handle(.spawned(.publisher, pid: 203), now: now)
        _ = core.handle(.ready(pid: 203), now: now)
        for second in 1...11 {
            now = start + .milliseconds(100) + .seconds(second)
            _ = core.handle(.heartbeat(pid: 203), now: now)
        }
        #expect(core.handle(.exited(pid: 203, .code(1)), now: now).contains(.spawn(.publisher)))
        #expect(core.workers.last?.attempt == 0)
    }

    @Test func namesACrashLoopOncePerMinute() {
        var core = running()
        var now = start
        var pid: Int32 = 103
        var lines = 0
        for _ in 1...30 {
            now = now + .seconds(2)
            let actions = core.handle(.exited(pid: pid, .signal(11)), now: now)
            lines += actions.filter { if case .log(.crashLooping) = $0 { true } else { false } }.count
            pid += 100
            _ = core.handle(.spawned(.publisher, pid: pid), now: now)
            _ = core.handle(.ready(pid: pid), now: now)
        }
        #expect(lines == 1)
        #expect(core.workers.last?.isCrashLooping(at: now) == true)
        #expect(core.workers.last?.isCrashLooping(at: now + .seconds(61)) == false)
        #expect(core.workers.last?.restarts == 30)
    }

    @Test func abortsAndThenKillsAWorkerWithoutHeartbeat() {
        var core = running()
        // Its limit, and a last call: the machine may have stood still until now.
        #expect(core.handle(.timer, now: start + .seconds(3)) == [])
        let late = start + .milliseconds(3250)
        let actions = core.handle(.timer, now: late)
        #expect(actions.contains(.signal(.healthServer, pid: 101, signal: .abort, group: false)))
        let kill = core.handle(.timer, now: late + .seconds(1))
        #expect(kill.contains(.signal(.healthServer, pid: 101, signal: .kill, group: true)))
        let exit = core.handle(.exited(pid: 101, .signal(9)), now: late + .seconds(1))
        #expect(!exit.contains(.spawn(.healthServer)))
        #expect(core.workers.first?.restartsByReason == ["heartbeat": 1])
    }

    @Test func abortsAWorkerThatNeverBecomesReady() {
        var core = running(ready: false)
        #expect(core.handle(.timer, now: start + .seconds(5)) == [.tick, .publish])
        _ = core.handle(.timer, now: start + .seconds(10))
        let actions = core.handle(.timer, now: start + .milliseconds(10_250))
        #expect(actions.contains(.log(.hung(.healthServer, pid: 101, .notReady))))
        #expect(!actions.contains(.log(.hung(.watcher, pid: 102, .notReady))))
    }

    @Test func hearsAWorkerThatStoodStillWithTheMachine() {
        var core = running()
        // The machine froze for most of the limit; we wake on time all the same, the worker a moment after us.
        let actions = core.handle(.timer, now: start + .milliseconds(3010))
        #expect(!actions.contains { if case .signal = $0 { true } else { false } })
        _ = core.handle(.heartbeat(pid: 101), now: start + .milliseconds(3100))
        _ = core.handle(.timer, now: start + .milliseconds(5000))
        #expect(core.workers.first?.phase.isReady == true)
        // The next silence has a last call of its own.
        _ = core.handle(.timer, now: start + .milliseconds(6100))
        #expect(core.workers.first?.phase.isReady == true)
        _ = core.handle(.timer, now: start + .milliseconds(6350))
        #expect(core.workers.first?.phase.isReady == false)
    }

    @Test func startsAgainAtOnceWhatHungAfterALongGoodTime() {
        var core = running()
        var now = start
        for _ in 0..<15 {
            now = now + .seconds(1)
            _ = core.handle(.heartbeat(pid: 101), now: now)
        }
        _ = core.handle(.timer, now: now + .seconds(3))
        _ = core.handle(.timer, now: now + .milliseconds(3250))
        let exit = core.handle(.exited(pid: 101, .signal(6)), now: now + .milliseconds(3260))
        #expect(exit.contains(.spawn(.healthServer)))
        #expect(core.workers.first?.attempt == 0)
    }

    @Test func forgivesWorkersForItsOwnLateness() {
        var core = running()
        // Asleep for a minute: nobody's heartbeat could be read.
        let actions = core.handle(.timer, now: start + .seconds(60))
        #expect(!actions.contains { if case .signal = $0 { true } else { false } })
        _ = core.handle(.timer, now: start + .seconds(61))
        let later = core.handle(.timer, now: start + .milliseconds(61_250))
        #expect(later.contains(.signal(.healthServer, pid: 101, signal: .abort, group: false)))
    }

    @Test func countsOrphansAndLeavesWorkersAlone() {
        var core = running()
        _ = core.handle(.exited(pid: 4711, .code(0)), now: start)
        #expect(core.reapedOrphans == 1)
        #expect(core.workers.allSatisfy { $0.restarts == 0 })
    }

    @Test func stopsPublisherWatcherAndHealthServerInThisOrder() {
        var core = running()
        var now = start + .seconds(1)
        var actions = core.handle(.terminate, now: now)
        #expect(actions.contains(.signal(.publisher, pid: 103, signal: .terminate, group: false)))
        #expect(!actions.contains(.signal(.watcher, pid: 102, signal: .terminate, group: false)))
        now = now + .milliseconds(10)
        actions = core.handle(.exited(pid: 103, .code(0)), now: now)
        #expect(actions.contains(.signal(.watcher, pid: 102, signal: .terminate, group: false)))
        actions = core.handle(.exited(pid: 102, .code(0)), now: now)
        #expect(actions.contains(.signal(.healthServer, pid: 101, signal: .terminate, group: false)))
        #expect(!actions.contains(.exit))
        actions = core.handle(.exited(pid: 101, .code(0)), now: now)
        #expect(actions.contains(.exit))
        #expect(core.handle(.timer, now: now + .seconds(1)).isEmpty)
    }

    @Test func killsWhatIgnoresTheStopAndEndsWithinFiveSeconds() {
        var core = running()
        var now = start
        _ = core.handle(.terminate, now: now)
        var order: [WorkerName] = []
        while core.mode != .done, now - start < .seconds(20) {
            now = max(now, core.nextDeadline ?? now)
            for action in core.handle(.timer, now: now) {
                guard case .signal(let worker, let pid, .kill, _) = action else { continue }
                order.append(worker)
                _ = core.handle(.exited(pid: pid, .signal(9)), now: now)
            }
            _ = core.handle(.heartbeat(pid: 101), now: now)
        }
        #expect(order == WorkerName.stopOrder)
        #expect(now - start < .seconds(5))
    }

    @Test func aSecondStopSignalKillsAtOnce() {
        var core = running()
        _ = core.handle(.terminate, now: start)
        let actions = core.handle(.terminate, now: start + .milliseconds(100))
        for (index, worker) in WorkerName.allCases.enumerated() {
            #expect(actions.contains(.signal(worker, pid: 101 + Int32(index), signal: .kill, group: true)))
        }
    }

    @Test func keepsTheHealthServerAliveWhileOthersStop() {
        var core = running()
        _ = core.handle(.terminate, now: start)
        let actions = core.handle(.exited(pid: 101, .signal(11)), now: start + .seconds(1))
        #expect(actions.contains(.spawn(.healthServer)))
    }

    @Test func restartsOneWorkerAfterTheOtherOnReload() {
        var core = running()
        var now = start + .seconds(2)
        var actions = core.handle(.reload, now: now)
        var restarted: [WorkerName] = []
        var pids: [WorkerName: Int32] = [.healthServer: 101, .watcher: 102, .publisher: 103]
        for _ in 0..<3 {
            let terminated = actions.compactMap { action -> WorkerName? in
                if case .signal(let worker, _, .terminate, _) = action { worker } else { nil }
            }
            #expect(terminated.count == 1)
            guard let worker = terminated.first, let pid = pids[worker] else { return }
            restarted.append(worker)
            now = now + .milliseconds(5)
            #expect(core.handle(.exited(pid: pid, .code(0)), now: now).contains(.spawn(worker)))
            _ = core.handle(.spawned(worker, pid: pid + 100), now: now)
            pids[worker] = pid + 100
            actions = core.handle(.ready(pid: pid + 100), now: now)
        }
        #expect(restarted == [.publisher, .watcher, .healthServer])
        #expect(actions.contains(.log(.reloaded)))
        #expect(core.workers.allSatisfy { $0.restarts == 0 })
    }
}

@Suite struct RestartBackoffTests {
    @Test(arguments: [(1, 100), (2, 200), (5, 1600), (9, 25_600), (10, 30_000), (1000, 30_000)])
    func doublesUpToItsMaximum(attempt: Int, milliseconds: Int) {
        let backoff = RestartBackoff(base: .milliseconds(100), maximum: .seconds(30))
        #expect(backoff.bound(attempt: attempt) == .milliseconds(milliseconds))
        var generator = SplitMix64(seed: UInt64(attempt))
        for _ in 0..<1000 {
            let delay = backoff.delay(attempt: attempt, using: &generator)
            #expect(delay >= .milliseconds(milliseconds) / 2 && delay <= .milliseconds(milliseconds))
        }
    }
}

extension WorkerStateMachine.Phase {
    fileprivate var isReady: Bool {
        if case .ready = self { return true }
        return false
    }
}
