import Shared
import Testing

@testable import Publisher

/// What is measured from a change of the source to its proof.
@Suite struct ChangeClockTests {
    private let a = PairKey(consumer: "C", provider: "a")
    private let b = PairKey(consumer: "C", provider: "b")

    private func desire(_ simulation: PlanSimulation, _ contents: [PairKey: String], _ revision: String) {
        simulation.plan.setDesired(
            contents.mapValues { DesiredContent(sha256: $0, bytes: 1000) },
            after: .init(revision: revision, began: simulation.now),
            now: simulation.now
        )
    }

    /// As the loop does with each commit.
    private func settle(_ simulation: PlanSimulation) -> Histogram {
        simulation.afterEach = { $0.plan.measureChanges($0.now) }
        #expect(simulation.run(for: .seconds(120)) { $0.plan.isSettled && $0.plan.queueLength == 0 })
        simulation.afterEach = nil
        return simulation.plan.counters.changeToPublished
    }

    @Test func aChangeIsMeasuredOnceWhenAllOfItIsProven() {
        let simulation = PlanSimulation()
        let began = simulation.now
        desire(simulation, [a: "A", b: "B"], "1")
        var histogram = settle(simulation)
        #expect(histogram.count == 1)
        #expect(histogram.sum == Int((simulation.now - began).nanoseconds / 1000))
        simulation.run(for: .seconds(20))
        simulation.plan.measureChanges(simulation.now)
        #expect(simulation.plan.counters.changeToPublished.count == 1)
        desire(simulation, [a: "A2", b: "B"], "2")
        histogram = settle(simulation)
        #expect(histogram.count == 2)
        #expect(simulation.plan.counters.measuredRevision == "2")
    }

    @Test func nothingIsMeasuredBeforeTheProof() {
        let simulation = PlanSimulation()
        desire(simulation, [a: "A"], "1")
        simulation.plan.measureChanges(simulation.now + .seconds(5))
        #expect(simulation.plan.counters.changeToPublished.count == 0)
    }

    @Test func aContractThatIsDroppedHasNothingToProve() {
        let simulation = PlanSimulation()
        desire(simulation, [a: "A", b: "B"], "1")
        _ = settle(simulation)
        desire(simulation, [a: "A"], "2")
        #expect(settle(simulation).count == 1)
    }

    @Test func whatChangesAgainBelongsToTheNewerChange() {
        var clock = ChangeClock()
        let first = ChangeClock.Change(revision: "1", began: MonotonicTime(milliseconds: 1))
        let second = ChangeClock.Change(revision: "2", began: MonotonicTime(milliseconds: 2))
        clock.start(first, changed: [a, b]) { _ in true }
        clock.start(second, changed: [b]) { _ in true }
        #expect(clock.finished { $0 == b } == [second])
        #expect(clock.finished { _ in true } == [first])
        #expect(clock.finished { _ in true } == [])
        clock.start(first, changed: [a]) { _ in true }
        clock.start(second, changed: [a]) { _ in true }
        #expect(clock.finished { _ in true } == [second])
    }

    @Test func anEditThatIsTakenBackIsMeasuredAsAChangeOfItsOwn() {
        let simulation = PlanSimulation()
        desire(simulation, [a: "A"], "1")
        _ = settle(simulation)
        desire(simulation, [a: "A2"], "2")
        desire(simulation, [a: "A"], "1")
        #expect(settle(simulation).count == 2)
    }

    @Test func aRepairIsNoChange() {
        let simulation = PlanSimulation()
        desire(simulation, [a: "A"], "1")
        _ = settle(simulation)
        simulation.broker = ModelBroker()
        simulation.afterEach = { $0.plan.measureChanges($0.now) }
        #expect(simulation.run(for: .seconds(60)) { $0.plan.counters.repairs["missing"] == 1 && $0.plan.isSettled })
        #expect(simulation.plan.counters.changeToPublished.count == 1)
    }

    @Test func aNewProcessDoesNotMeasureWhatItsPredecessorHas() {
        let simulation = PlanSimulation()
        desire(simulation, [a: "A"], "1")
        let histogram = settle(simulation)
        let state = simulation.plan.publicationState(
            run: "r",
            sourceRevision: "1",
            events: [],
            now: simulation.now,
            wall: WallClock(milliseconds: 0)
        )
        var lost = state
        // The broker was emptied, and then the process died.
        lost.pairs[0].verifiedSHA256 = nil
        for previous in [state, lost] {
            let next = PlanSimulation()
            next.now = simulation.now + .seconds(100)
            next.broker = simulation.broker
            next.plan.restore(previous)
            desire(next, [a: "A"], "1")
            #expect(settle(next) == histogram)
            desire(next, [a: "A2"], "2")
            #expect(settle(next).count == 2)
        }
        // What it died over is measured by the next, from the change on.
        var unmeasured = lost
        unmeasured.counters.changeToPublished = Histogram(bounds: HistogramBounds.changeToPublished)
        unmeasured.counters.measuredRevision = ""
        let next = PlanSimulation()
        next.plan.restore(unmeasured)
        desire(next, [a: "A"], "1")
        #expect(settle(next).count == 1)
    }
}
