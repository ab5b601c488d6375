import Shared
import TestSupport
import Testing

@testable import Supervisor

/// What whoever started the manager is told, and when.
@Suite struct ServiceReportTests {
    let start = MonotonicTime(milliseconds: 10_000)

    private func messages(_ actions: [SupervisorAction]) -> [ServiceMessage] {
        actions.compactMap { if case .service(let message) = $0 { message } else { nil } }
    }

    /// A core whose workers run as 101 (health server), 102 and 103, and are not ready.
    private func started(watchdog: Duration? = nil) -> SupervisorCore {
        var core = SupervisorCore(seed: 1, now: start, serviceWatchdog: watchdog)
        _ = core.handle(.start, now: start)
        for (index, worker) in WorkerName.allCases.enumerated() {
            _ = core.handle(.spawned(worker, pid: 101 + Int32(index)), now: start)
        }
        return core
    }

    private func running() -> SupervisorCore {
        var core = started()
        for pid in Int32(101)...103 { _ = core.handle(.ready(pid: pid), now: start) }
        return core
    }

    @Test func isReadyWhenThePortAnswersWhateverTheOthersDo() {
        var core = started()
        #expect(
            messages(core.handle(.ready(pid: 103), now: start)) == [.status("health-server starts, watcher starts")]
        )
        #expect(
            messages(core.handle(.ready(pid: 101), now: start)) == [.ready, .status("watcher starts")]
        )
        #expect(messages(core.handle(.ready(pid: 102), now: start)) == [.status("all workers run")])
        // Ready once: a worker that dies later is ours to start again, not systemd's.
        let died = messages(core.handle(.exited(pid: 101, .signal(9)), now: start))
        #expect(died == [.status("health-server waits for its restart")])
        _ = core.handle(.timer, now: start + .seconds(1))
        _ = core.handle(.spawned(.healthServer, pid: 201), now: start + .seconds(1))
        #expect(messages(core.handle(.ready(pid: 201), now: start + .seconds(1))) == [.status("all workers run")])
    }

    @Test func aReloadIsAPairWithTheTimeOfTheSignal() {
        var core = running()
        let later = start + .milliseconds(1500)
        let first = messages(core.handle(.reload, now: later))
        #expect(first.first == .reloading)
        #expect(first.first?.text(later) == "RELOADING=1\nMONOTONIC_USEC=11500000")
        var last: [ServiceMessage] = []
        for (worker, pid) in [(WorkerName.publisher, Int32(103)), (.watcher, 102), (.healthServer, 101)] {
            #expect(!last.contains(.ready))
            _ = core.handle(.exited(pid: pid, .code(0)), now: later)
            _ = core.handle(.spawned(worker, pid: pid + 100), now: later)
            last = messages(core.handle(.ready(pid: pid + 100), now: later))
        }
        #expect(last == [.ready, .status("all workers run")])
    }

    /// SIGHUP comes while the port does not answer yet: systemd allows a reload only after READY=1.
    @Test func aReloadDuringTheStartIsToldAfterReady() {
        var core = started()
        #expect(!messages(core.handle(.reload, now: start)).contains(.reloading))
        let ready = messages(core.handle(.ready(pid: 101), now: start))
        #expect(ready.prefix(2) == [.ready, .reloading])
    }

    @Test func aStopIsToldOnceAndEndsEverythingElse() {
        var core = running()
        _ = core.handle(.reload, now: start)
        let stop = messages(core.handle(.terminate, now: start))
        #expect(stop == [.stopping, .status("stopping")])
        #expect(messages(core.handle(.terminate, now: start)).isEmpty)
        #expect(messages(core.handle(.reload, now: start)).isEmpty)
    }

    /// At a tick only, for a tick is a turn of the loop; and at the latest after a third of what is allowed.
    @Test(arguments: [(300, 100), (4000, 1334), (9000, 3000), (30_000, 10_000), (100, 100)])
    func heartbeatsComeAtAThirdOfTheLimit(limit: Int, interval: Int) throws {
        var core = SupervisorCore(seed: 1, now: start, serviceWatchdog: .milliseconds(limit))
        var beats: [MonotonicTime] = []
        var now = start
        var event = SupervisorEvent.start
        while now < start + .seconds(60) {
            if messages(core.handle(event, now: now)).contains(.heartbeat) { beats.append(now) }
            event = .timer
            now = try #require(core.nextDeadline)
        }
        #expect(beats.first == start)
        #expect(zip(beats, beats.dropFirst()).allSatisfy { $1 - $0 <= .milliseconds(interval) })
        // And hardly more: the supervisor does not turn into a clock.
        #expect(beats.count <= 60_000 / min(interval, 10_000) + 2)
    }

    /// The real socket is full at one heartbeat, which is dropped and counts as sent: the next must still be in time.
    @Test(arguments: [300, 4000, 9000, 30_000], [1, 2, 3])
    func aHeartbeatMayBeLost(limit: Int, lost: Int) throws {
        let manager = try TestServiceManager()
        let variables = ProcessEnvironment(["NOTIFY_SOCKET": manager.name])
        let (notifier, other) = (ServiceNotifier(environment: variables), ServiceNotifier(environment: variables))
        var core = SupervisorCore(seed: 1, now: start, serviceWatchdog: .milliseconds(limit))
        var (sent, received): (Int, [MonotonicTime]) = (0, [])
        var now = start
        var event = SupervisorEvent.start
        while now < start + .milliseconds(limit * 4) {
            for message in messages(core.handle(event, now: now)) where message == .heartbeat {
                if sent == lost { fill(other) }
                sent += 1
                notifier.add(message, decided: now)
                #expect(notifier.flush() == nil)
            }
            while let message = manager.next(within: .zero) {
                if message.text == "WATCHDOG=1" { received.append(now) }
            }
            event = .timer
            now = try #require(core.nextDeadline)
        }
        #expect(received.count == sent - 1 && sent > lost + 1)
        #expect(zip(received, received.dropFirst()).allSatisfy { $1 - $0 < .milliseconds(limit) }, "\(received)")
    }

    /// More than net.unix.max_dgram_qlen, which is 10 and rarely above 512.
    private func fill(_ notifier: ServiceNotifier) {
        for _ in 0..<1000 {
            notifier.add(.stopping, decided: start)
            #expect(notifier.flush() == nil)
        }
    }

    @Test func nobodyGetsAHeartbeatWhoDoesNotWaitForIt() {
        var core = started()
        for second in 0..<60 {
            #expect(!messages(core.handle(.timer, now: start + .seconds(second))).contains(.heartbeat))
        }
    }

    @Test func everyMessageIsWhatSystemdReads() {
        #expect(ServiceMessage.ready.text(start) == "READY=1")
        #expect(ServiceMessage.stopping.text(start) == "STOPPING=1")
        #expect(ServiceMessage.heartbeat.text(start) == "WATCHDOG=1")
        #expect(ServiceMessage.status("all workers run").text(start) == "STATUS=all workers run")
    }
}
