import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// Proxies, slow and lagging parts: what is in one contract's way stays in its way only.
@Suite("Obstacles between the plan and the broker")
struct PublicationObstacleTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    // MARK: Refusals and readiness

    @Test func `a refused publication stops counting when it is no longer wanted`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.broker.isReadOnly = true
        simulation.desire([a: "B"])
        #expect(simulation.run(for: .seconds(20)) { $0.plan.shownStatus == .unauthorized })
        simulation.desire([a: "A"])
        #expect(simulation.run(for: .seconds(5)) { $0.plan.shownStatus == .ready })
        simulation.run(for: .seconds(60))
        #expect(simulation.plan.shownStatus == .ready)
        #expect(simulation.plan.isSettled && simulation.isSynced)
    }

    @Test func `a refused label stops counting when a later one is taken`() {
        let simulation = PlanSimulation { $0.labels = [.branch("main"), .tag("dev")] }
        simulation.broker.way = .single(branches: true)
        simulation.broker.answerLabels(.unauthorized("401"))
        simulation.desire([a: "A"])
        #expect(simulation.run(for: .seconds(5)) { $0.plan.shownStatus == .unauthorized })
        #expect(simulation.run(for: .seconds(20)) { $0.broker.labels.count == 2 })
        simulation.run(for: .seconds(5))
        #expect(simulation.plan.shownStatus == .ready)
    }

    @Test func `new credentials end what was refused to the old ones`() {
        let simulation = PlanSimulation()
        simulation.broker.isReadOnly = true
        simulation.desire([a: "A"])
        simulation.run(for: .seconds(10))
        #expect(simulation.plan.shownStatus == .unauthorized)
        simulation.plan.credentialsChanged(simulation.now)
        #expect(simulation.plan.shownStatus != .unauthorized)
    }

    @Test func `everything settled includes labels and pacticipants`() {
        let simulation = PlanSimulation { $0.labels = [.branch("main"), .tag("dev")] }
        simulation.broker.way = .single(branches: true)
        simulation.broker.answerLabels(.transient(.init(cause: .http(503), text: "503", retryAfter: nil)))
        simulation.desire([a: "A"])
        #expect(simulation.run(for: .seconds(30)) { $0.plan.isSettled })
        #expect(simulation.broker.labels.count == 2)
    }

    @Test(arguments: [true, false])
    func `a broker that comes back empty is not ready before it was read, also one by one`(isTooLarge: Bool) {
        let simulation = PlanSimulation()
        let tooLarge = BrokerOutcome.transient(.init(cause: .transport(.tooLarge), text: "too large", retryAfter: nil))
        if isTooLarge {
            simulation.broker.bulkAnswer = tooLarge
        } else {
            simulation.slowness = { $0 == .latestPacts ? .seconds(3) : nil }
        }
        simulation.desire(PlanSimulation.pairs(10))
        simulation.settle()
        simulation.run(for: .seconds(20))
        #expect(simulation.plan.bulk.oneByOneUntil != nil)
        simulation.broker.isDown = true
        simulation.run(for: .seconds(10))
        simulation.broker.wipe()
        simulation.broker.isDown = false
        var wrong = 0
        simulation.afterEach = { simulation in
            guard simulation.plan.check.isReady, simulation.plan.pendingRead == nil else { return }
            for pair in simulation.state.pairs
            where pair.verifiedSHA256 != nil && simulation.broker.latest(PairKey(pair.consumer, pair.provider)) == nil {
                wrong += 1
            }
        }
        #expect(simulation.run(for: .seconds(60)) { $0.plan.check.isReady && $0.isSynced && $0.plan.isSettled })
        #expect(wrong == 0)
    }

    // MARK: Publications that do not get through

    @Test func `a contract that never gets through holds nobody up`() {
        let simulation = PlanSimulation()
        simulation.broker.unlucky = ["sha-13"]
        simulation.slowness = { request in
            guard case .publish(let batch) = request, batch.items.contains(where: { $0.content.sha256 == "sha-13" })
            else { return nil }
            return .seconds(60)
        }
        simulation.desire(PlanSimulation.pairs(100))
        #expect(
            simulation.run(for: .seconds(600)) {
                $0.plan.pairs.values.count { $0.verified?.isConfirmed == true } == 99
            }
        )
        let before = simulation.publications.count
        simulation.run(for: .seconds(1200))
        #expect(simulation.publications.count - before < 20, "no storm")
        // An edit of another contract does not wait behind it for long.
        var desired = PlanSimulation.pairs(100)
        desired[PairKey("consumer-0", "provider-50")] = "edited"
        let start = simulation.now
        simulation.desire(desired)
        #expect(
            simulation.run(for: .seconds(120)) {
                $0.broker.latest(PairKey("consumer-0", "provider-50"))?.sha256 == "edited"
            }
        )
        #expect(simulation.now - start <= .seconds(65))
        // It is never given up.
        simulation.broker.unlucky = []
        #expect(simulation.run(for: .seconds(400)) { $0.plan.isSettled && $0.isSynced })
    }

    @Test func `an outage of publishing alone is no storm, and ends within its back-off`() {
        let simulation = PlanSimulation()
        simulation.broker.unlucky = Set(PlanSimulation.pairs(120).values)
        simulation.desire(PlanSimulation.pairs(120))
        simulation.run(for: .seconds(600))
        #expect(simulation.publications.count < 80, "\(simulation.publications.count)")
        simulation.broker.unlucky = []
        #expect(simulation.run(for: .seconds(130)) { $0.plan.isSettled && $0.isSynced })
    }

    // MARK: Reads of single pairs

    /// What a proxy may answer for a name with `/`.
    static let singleReadAnswers: [BrokerOutcome] = [
        .absent, .rejected(status: 400, "400"), .rejected(status: 406, "406"), .unauthorized("400"),
        .transient(.init(cause: .http(502), text: "502", retryAfter: nil)),
        .transient(.init(cause: .transport(.timeout), text: "timeout", retryAfter: nil)),
    ]

    @Test(arguments: singleReadAnswers)
    func `a single read that fails does not overrule the bulk read, and is no storm`(answer: BrokerOutcome) {
        let simulation = PlanSimulation()
        simulation.broker.singleReadAnswers[a] = answer
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        let before = (simulation.publications.count, simulation.log.count)
        simulation.afterEach = { simulation in
            #expect(simulation.plan.pairs[a]?.verified?.sha256 == "A")
            #expect(simulation.plan.shownStatus == .ready)
        }
        simulation.run(for: .seconds(100))
        // createdAt has moved: the pair is to be read at once.
        simulation.broker.overwrite(a, sha256: "A")
        simulation.run(for: .seconds(100))
        #expect(simulation.publications.count == before.0)
        let perInterval = Double(simulation.log.count - before.1) / 100
        #expect(perInterval <= 4.2, "\(perInterval)")
        // The other pair is read in its turn.
        #expect(simulation.plan.pairs[b]?.verified?.pactVersionSHA == "B")
    }

    @Test(arguments: singleReadAnswers)
    func `reads one by one that fail are no storm`(answer: BrokerOutcome) {
        let simulation = PlanSimulation()
        simulation.broker.bulkAnswer = .transient(
            .init(cause: .transport(.tooLarge), text: "too large", retryAfter: nil)
        )
        simulation.broker.singleReadAnswers[a] = answer
        simulation.desire([a: "A", b: "B"])
        simulation.run(for: .seconds(30)) { $0.plan.pairs[b]?.verified != nil }
        #expect(simulation.plan.pairs[b]?.verified?.sha256 == "B")
        let before = simulation.log.count
        simulation.run(for: .seconds(200))
        #expect(simulation.plan.shownStatus == .ready)
        #expect(Double(simulation.log.count - before) / 100 <= 4.2, "\(simulation.log.count - before)")
        simulation.broker.singleReadAnswers = [:]
        #expect(simulation.run(for: .seconds(330)) { $0.plan.isSettled && $0.isSynced })
    }

    @Test func `a version that is not there says nothing about an older proof`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        // Superseded: only single reads can prove what is published next.
        for round in 1...4 {
            simulation.broker.publishForeign(a, version: "ci-\(round)", sha256: "foreign")
            simulation.run(for: .seconds(10))
        }
        let proven = simulation.plan.pairs[a]?.verified
        #expect(simulation.plan.pairs[a]?.superseded != nil && proven != nil)
        simulation.desire([a: "B"])
        simulation.broker.publishForeign(a, version: "late", sha256: "foreign")
        #expect(simulation.run(for: .seconds(10)) { $0.plan.pairs[a]?.sent != nil })
        let sent = simulation.plan.pairs[a]?.sent?.version ?? ""
        #expect(sent != proven?.version)
        simulation.plan.handle(
            .absent,
            to: .pactVersion(a, version: sent),
            took: .zero,
            now: simulation.now
        )
        #expect(simulation.plan.pairs[a]?.verified?.version ?? proven?.version == proven?.version)
        #expect(!simulation.plan.takeNotes().contains { if case .repairing = $0 { true } else { false } })
        #expect(simulation.settle())
    }

    // MARK: A list that lags

    @Test(arguments: [3, 8, 30])
    func `a list that lags does not make the versions run away`(seconds: Int64) {
        let simulation = PlanSimulation()
        simulation.broker.listLag = .seconds(seconds)
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.run(for: .seconds(100))
        let before = Set(simulation.publications.map(\.version)).count
        simulation.desire([a: "B"])
        simulation.run(for: .seconds(200))
        let versions = Set(simulation.publications.map(\.version)).count - before
        #expect(versions <= 6, "\(versions)")
        #expect(simulation.broker.latest(a)?.sha256 == "B")
        #expect(simulation.plan.pairs[a]?.verified?.sha256 == "B")
        #expect(simulation.plan.pairs[a]?.superseded == nil)
    }

    @Test func `a list that stands still ends in superseded, with a bounded number of versions`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.run(for: .seconds(10))
        let stored = simulation.broker.latest(a)
        simulation.broker.bulkAnswer = .latest([.init(key: a, version: "main-abc", createdAt: stored?.createdAt)])
        simulation.desire([a: "B"])
        simulation.run(for: .seconds(3600))
        #expect(Set(simulation.publications.map(\.version)).count <= 12)
        #expect(simulation.plan.pairs[a]?.superseded != nil)
        #expect(simulation.plan.pairs[a]?.verified?.sha256 == "B", "proven by reading it")
    }
}
