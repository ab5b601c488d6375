import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// Faults that last: no storm of requests, and nobody is kept from being published by somebody else.
@Suite("The publication plan while something goes on being wrong")
struct PublicationStormTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    static let listAnswers: [BrokerOutcome] = [
        .transient(.init(cause: .http(502), text: "502", retryAfter: nil)), .unauthorized("401"), .forbidden("403"),
        .noSuchEndpoint("404"), .notABroker("no list"), .rejected(status: 406, "406"),
        .transient(.init(cause: .transport(.disconnected), text: "cut", retryAfter: nil)),
    ]

    @Test(arguments: 0..<listAnswers.count)
    func `a list that fails for ever costs a few requests an interval and is found again soon`(index: Int) {
        let simulation = PlanSimulation()
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        simulation.broker.bulkAnswer = Self.listAnswers[index]
        simulation.run(for: .seconds(20))
        let before = simulation.log.count
        simulation.run(for: .seconds(60))
        let requests = simulation.log.count - before
        // An interval is two seconds: heartbeat, dependencies, the list.
        #expect(requests <= 30 * 4, "\(requests) requests in 30 intervals")
        simulation.broker.bulkAnswer = nil
        #expect(simulation.run(for: .seconds(4)) { $0.plan.bulk.failures == 0 })
    }

    @Test(arguments: [false, true])
    func `one by one, a superseded pair is confirmed after a restart and holds nobody up`(broker: Bool) {
        let tooLarge = BrokerOutcome.transient(.init(cause: .transport(.tooLarge), text: "too large", retryAfter: nil))
        let simulation = PlanSimulation(mode: .git)
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        simulation.broker.publishForeign(a, version: "zz-foreign", sha256: "F")
        simulation.run(for: .seconds(10))
        #expect(simulation.plan.pairs[a]?.superseded != nil)
        simulation.broker.bulkAnswer = tooLarge
        if broker {
            simulation.broker.isDown = true
            simulation.run(for: .seconds(10))
            simulation.broker.isDown = false
        } else {
            simulation.restart()
        }
        let before = simulation.log.count
        simulation.run(for: .seconds(60))
        #expect(simulation.plan.pairs.values.allSatisfy { $0.verified?.isConfirmed == true })
        #expect(simulation.log.count - before <= 30 * 6, "\(simulation.log.count - before) requests in 30 intervals")
    }

    @Test func `a contract that takes the broker down each time keeps nobody else from being published`() {
        let simulation = PlanSimulation()
        simulation.broker.killers = ["killer"]
        var desired = PlanSimulation.pairs(30, consumers: 3)
        desired[PairKey("aaa", "heavy")] = "killer"
        simulation.desire(desired)
        let others = desired.keys.filter { $0.consumer != "aaa" }
        #expect(
            simulation.run(for: .seconds(120)) { now in
                others.allSatisfy { now.plan.pairs[$0]?.verified?.isConfirmed == true }
            }
        )
        // And it does not keep the broker from working.
        let deaths = simulation.publications.count { $0.consumer == "aaa" }
        simulation.run(for: .seconds(600))
        let more = simulation.publications.count { $0.consumer == "aaa" } - deaths
        #expect(more <= 12, "\(more) times in ten minutes")
        // Cured, it is published at the next attempt.
        simulation.broker.killers = []
        #expect(simulation.run(for: .seconds(600)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test func `a suspect is told of once, however often it fails`() {
        let simulation = PlanSimulation()
        simulation.broker.unlucky = ["A"]
        simulation.desire([a: "A", b: "B"])
        simulation.run(for: .seconds(300))
        let delays = simulation.notes.count { if case .delayed = $0 { true } else { false } }
        #expect(delays <= 2, "\(delays) lines")
        #expect(simulation.plan.pairs[b]?.verified != nil)
    }

    @Test func `refusals are not all tried again at each flap of the broker`() {
        let simulation = PlanSimulation()
        simulation.broker.refused = Set((0..<20).map { "sha-\($0)" })
        simulation.desire(PlanSimulation.pairs(20, consumers: 20))
        simulation.settle()
        let before = simulation.publications.count
        for _ in 0..<20 {
            simulation.broker.isDatabaseDown = true
            simulation.run(for: .seconds(4))
            simulation.broker.isDatabaseDown = false
            simulation.run(for: .seconds(4))
        }
        let retries = simulation.publications.count - before
        // 160 s: once at the first return, then at most once a minute.
        #expect(retries >= 20 && retries <= 20 * 4, "\(retries) publications")
    }

    @Test func `a version that holds something else is given up although its contract has to wait`() {
        let simulation = PlanSimulation()
        let base = simulation.configuration.policy.base
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.broker.refused = ["B"]
        simulation.desire([a: "B"])
        simulation.settle()
        #expect(simulation.plan.pairs[a]?.verified?.version == base)
        let before = simulation.publications.count
        simulation.plan.adoptVersion(base, of: a.consumer)
        simulation.run(for: .seconds(5))
        #expect(simulation.plan.consumers[a.consumer]?.version != base)
        #expect(simulation.publications.count == before)
    }
}
