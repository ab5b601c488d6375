import Shared
import Testing

@testable import Supervisor

/// When the tick word is stored: every 5 s, with as few wake-ups of our own as can be.
@Suite struct SupervisorTickTests {
    private let start = MonotonicTime(milliseconds: 10_000)

    private func running() -> SupervisorCore {
        var core = SupervisorCore(seed: 1, now: start)
        _ = core.handle(.start, now: start)
        for (index, worker) in WorkerName.allCases.enumerated() {
            _ = core.handle(.spawned(worker, pid: 101 + Int32(index)), now: start)
            _ = core.handle(.ready(pid: 101 + Int32(index)), now: start)
        }
        return core
    }

    @Test func `a heartbeat shortly before makes it, and no wake-up follows`() {
        var core = running()
        let beats = (1...9).map { second in core.handle(.heartbeat(pid: 101), now: start + .seconds(second)) }
        #expect(beats.map { $0.contains(.tick) } == [false, false, false, true, false, false, false, true, false])
    }

    @Test func `without anything else it is made when it is due`() throws {
        var core = running()
        for second in 1...3 { _ = core.handle(.heartbeat(pid: 101), now: start + .seconds(second)) }
        #expect(core.nextDeadline == start + .seconds(5))
        #expect(core.handle(.timer, now: start + .seconds(5)).contains(.tick))
    }
}
