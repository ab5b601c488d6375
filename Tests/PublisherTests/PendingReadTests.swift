import Logging
import Shared
import Testing

@testable import Publisher

@Suite("A broker is ready once it was read")
struct PendingReadTests {
    let a = PairKey("web", "orders")

    func settled() -> PlanSimulation {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        return simulation
    }

    @Test func `a broker that comes back is read before anything else counts`() {
        let simulation = settled()
        simulation.broker.isDown = true
        simulation.run(for: .seconds(5))
        simulation.broker.isDown = false
        #expect(simulation.run(for: .seconds(5)) { $0.plan.check.isReady })
        #expect(simulation.plan.pendingRead != nil)
        #expect(simulation.requestIsNext(.latestPacts))
        simulation.run(for: .milliseconds(5))
        #expect(simulation.plan.pendingRead == nil)
    }

    @Test func `a refused read is told until the next good one, without a publication`() {
        let simulation = settled()
        #expect(simulation.run(for: .seconds(5)) { $0.requestIsNext(.latestPacts) })
        simulation.inject(.noSuchEndpoint("404"))
        #expect(simulation.plan.shownStatus == .notABroker)
        #expect(simulation.plan.pendingRead?.failure?.isRefusal == true)
        let before = simulation.publications.count
        #expect(simulation.run(for: .seconds(5)) { $0.plan.pendingRead == nil && $0.plan.bulk.failure == nil })
        #expect(simulation.plan.shownStatus == .ready)
        #expect(simulation.publications.count == before)
    }

    @Test func `while the facts cannot be written ready is not said either`() {
        let simulation = settled()
        #expect(simulation.plan.pendingRead(whileFactsAreWritten: true) == nil)
        #expect(simulation.plan.pendingRead(whileFactsAreWritten: false) != nil)
        simulation.broker.isDown = true
        simulation.run(for: .seconds(5))
        #expect(simulation.plan.pendingRead(whileFactsAreWritten: false) == nil, "that it is away is said at once")
    }

    @Test func `the report keeps what it said until the read, and tells a failing one after the staleness limit`()
        throws
    {
        let url = try #require(BaseURL("http://broker:9292"))
        let start = MonotonicTime(milliseconds: 1000)
        var check = BrokerCheck(interval: .seconds(2), now: start)
        var report = BrokerReport(run: "r", url: url, timeout: .seconds(90), now: start)
        func update(_ read: PublicationPlan.PendingRead?, _ now: MonotonicTime) {
            _ = report.update(
                check,
                pendingRead: read,
                stalenessLimit: .seconds(6),
                version: nil,
                inFlight: nil,
                now: now,
                wall: WallClock(milliseconds: 0),
                logger: Logger(label: "test")
            )
        }
        func completeCheck(_ now: MonotonicTime) {
            for outcome in [BrokerOutcome.alive, .databaseUp, .index(.batches)] {
                _ = check.nextRequest()
                if check.handle(outcome, took: .zero, now: now, random: 0) { return }
            }
        }
        completeCheck(start)
        update(.init(failure: nil), start)
        #expect(report.state.status == .unknown && report.state.checked == nil)
        update(nil, start + .milliseconds(10))
        #expect(report.state.status == .ready && report.state.checked == start + .milliseconds(10))
        let failing = PublicationPlan.PendingRead(failure: .init(status: .httpError, text: "500", isRefusal: false))
        completeCheck(start + .seconds(2))
        update(failing, start + .seconds(2))
        #expect(report.state.status == .ready && report.state.checked == start + .milliseconds(10))
        update(failing, start + .seconds(7))
        #expect(report.state.status == .httpError && report.state.detail == "500")
        update(nil, start + .seconds(8))
        #expect(report.state.status == .ready)
    }
}
