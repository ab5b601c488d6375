import Logging
import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// What readers hear about the broker between two checks.
@Suite("The report about the broker")
struct BrokerReportTests {
    /// A report with a check of its own under a clock of its own; the staleness limit is 6 s.
    final class Fixture {
        var now = MonotonicTime(milliseconds: 100_000)
        var check: BrokerCheck
        var report: BrokerReport
        var inFlight: (started: MonotonicTime, deadline: MonotonicTime)?

        init(previous: BrokerState? = nil) throws {
            let url = try #require(BaseURL("http://broker:9292"))
            check = BrokerCheck(interval: .seconds(2), now: now)
            report = BrokerReport(run: "r", url: url, timeout: .seconds(90), now: now, previous: previous)
        }

        func update(_ read: PublicationPlan.PendingRead? = nil) {
            _ = report.update(
                check,
                pendingRead: read,
                stalenessLimit: .seconds(6),
                version: nil,
                inFlight: inFlight,
                now: now,
                wall: WallClock(milliseconds: 0),
                logger: Logger(label: "test")
            )
        }

        /// Readers find the broker's status too old.
        var isSilent: Bool {
            if let deadline = report.state.requestDeadline, deadline >= now { return false }
            return report.state.checked.map { now - $0 > .seconds(6) } ?? true
        }

        /// One request of `duration`; the loop looks each check interval.
        func request(_ duration: Duration, timeout: Duration, pending: Bool) -> Int {
            var silences = 0
            inFlight = (now, now + timeout)
            let end = now + duration
            while true {
                update(pending ? .init() : nil)
                now = min(end, now + .milliseconds(500))
                if isSilent { silences += 1 }
                if now == end { return silences }
            }
        }

        func check(each duration: Duration) -> Int {
            var silences = 0
            for outcome in [BrokerOutcome.alive, .databaseUp, .index(.batches)] {
                _ = check.nextRequest()
                silences += request(duration, timeout: .seconds(10), pending: false)
                if check.handle(outcome, took: duration, now: now, random: 0) { break }
            }
            silences += request(duration, timeout: .seconds(30), pending: true)
            inFlight = nil
            update()
            return silences
        }
    }

    @Test(arguments: [Duration.milliseconds(5), .seconds(1), .seconds(3), .seconds(7)])
    func `a slow broker and a long publication make nobody silent`(duration: Duration) throws {
        let fixture = try Fixture()
        _ = fixture.check(each: .milliseconds(5))
        #expect(fixture.report.state.status == .ready)
        var silences = 0
        for _ in 0..<5 {
            silences += fixture.request(.seconds(7), timeout: .seconds(120), pending: false)
            silences += fixture.check(each: duration)
            fixture.now = fixture.now + .seconds(2)
        }
        #expect(silences == 0)
        #expect(fixture.report.state.status == .ready)
    }

    @Test func `a publisher that was stopped knows nothing before it has looked`() throws {
        let fixture = try Fixture()
        _ = fixture.check(each: .milliseconds(5))
        fixture.now = fixture.now + .seconds(20)
        fixture.inFlight = (fixture.now, fixture.now + .seconds(10))
        fixture.update()
        #expect(fixture.isSilent)
    }

    @Test func `what a predecessor in the same run found holds as long as its age allows`() throws {
        let first = try Fixture()
        _ = first.check(each: .milliseconds(5))
        var previous = first.report.state
        previous.requestDeadline = first.now + .seconds(100)
        for (age, isSilent) in [(Duration.seconds(1), false), (.seconds(7), true)] {
            let second = try Fixture(previous: previous)
            second.now = first.now + age
            second.inFlight = (second.now, second.now + .seconds(10))
            second.update()
            #expect(second.report.state.status == .ready)
            #expect(second.report.state.checked == previous.checked)
            #expect(second.report.state.requestDeadline == nil)
            #expect(second.isSilent == isSilent)
        }
        previous.run = "another"
        let other = try Fixture(previous: previous)
        other.update()
        #expect(other.report.state.status == .unknown && other.report.state.checked == nil)
        // Its own finding counts as soon as there is one.
        previous.run = "r"
        let third = try Fixture(previous: previous)
        _ = third.check.nextRequest()
        _ = third.check.handle(
            .transient(.init(cause: .transport(.refused), text: "refused", retryAfter: nil)),
            took: .zero,
            now: third.now,
            random: 0
        )
        third.update()
        #expect(third.report.state.status == .refused)
    }
}
