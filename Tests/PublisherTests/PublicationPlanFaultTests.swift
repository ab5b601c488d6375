import Shared
import SharedHTTP
import Testing

@testable import Publisher

@Suite("The publication plan when things go wrong")
struct PublicationPlanFaultTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    @Test func `an emptied broker is filled again within two intervals`() {
        let simulation = PlanSimulation()
        let desired = PlanSimulation.pairs(30, consumers: 3)
        simulation.desire(desired)
        simulation.settle()
        simulation.broker.wipe()
        #expect(simulation.run(for: .seconds(4)) { $0.isSynced && $0.plan.isSettled })
        #expect(simulation.plan.counters.repairs["missing"] == 30)
    }

    @Test func `one deleted pact is found and published again`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        simulation.broker.delete(b)
        #expect(simulation.run(for: .seconds(4)) { $0.isSynced && $0.plan.isSettled })
        #expect(simulation.notes.contains { if case .repairing(b, .missing, _) = $0 { true } else { false } })
    }

    @Test func `an overwrite under our own version is found at once when createdAt has moved`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        simulation.run(for: .seconds(10))
        #expect(simulation.plan.pairs[a]?.verified?.pactVersionSHA == "A")
        simulation.broker.overwrite(a, sha256: "vandalised")
        #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
        #expect(simulation.notes.contains { if case .repairing(a, .different, _) = $0 { true } else { false } })
    }

    @Test func `a 500 that repeats on one input poisons nobody else`() {
        let simulation = PlanSimulation()
        simulation.broker.poison = ["sha-13"]
        simulation.desire(PlanSimulation.pairs(50))
        #expect(simulation.run(for: .seconds(20)) { $0.plan.isSettled && $0.isSynced })
        #expect(simulation.plan.pairs.values.count { $0.verified?.isConfirmed == true } == 49)
        #expect(simulation.log.count { $0.request == .latestPacts } <= 5, "a check after a 500 brings no bulk read")
        let failure = simulation.plan.pairs[PairKey("consumer-0", "provider-13")]?.failure?.published
        #expect(failure?.kind == "broker_error")
        #expect(failure?.reason.contains("abc") == true)
        // It is tried again, slowly, and at once when it changes.
        let before = simulation.publications.count
        simulation.run(for: .seconds(299))
        #expect(simulation.publications.count == before)
        simulation.broker.poison = []
        #expect(simulation.run(for: .seconds(30)) { $0.plan.pairs.values.allSatisfy { $0.failure == nil } })
    }

    @Test func `a 500 while the database is down is waited out and fails nobody`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.broker.isDatabaseDown = true
        simulation.desire([a: "B"])
        simulation.run(for: .seconds(600))
        #expect(simulation.plan.check.shownStatus == .databaseDown)
        #expect(simulation.plan.pairs[a]?.failure == nil)
        simulation.broker.isDatabaseDown = false
        #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test func `a database that is down is seen although somebody else goes on answering the list`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.run(for: .seconds(10))
        simulation.broker.isListCached = true
        simulation.broker.isDatabaseDown = true
        #expect(simulation.run(for: .seconds(3)) { $0.plan.check.shownStatus == .databaseDown })
        simulation.broker.isDatabaseDown = false
        #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test func `a broker that is not there is waited for without end and found within one interval`() {
        let simulation = PlanSimulation()
        simulation.broker.isDown = true
        simulation.desire([a: "A"])
        simulation.run(for: .seconds(3600))
        #expect(simulation.plan.check.status == .refused)
        #expect(simulation.log.allSatisfy { $0.request == .heartbeat })
        // At least one look per interval, so that the knowledge never gets old; hardly more.
        #expect((1790...1820).contains(simulation.log.count), "\(simulation.log.count)")
        simulation.broker.isDown = false
        #expect(simulation.run(for: .seconds(2.1)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test func `wrong credentials are waited out slowly and new ones are used at once`() {
        let simulation = PlanSimulation()
        simulation.broker.isUnauthorized = true
        simulation.desire([a: "A"])
        simulation.run(for: .seconds(60))
        #expect(simulation.plan.check.shownStatus == .unauthorized)
        #expect(simulation.publications.isEmpty)
        simulation.broker.isUnauthorized = false
        simulation.plan.credentialsChanged(simulation.now)
        #expect(simulation.run(for: .milliseconds(100)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test func `read-only credentials show as unauthorized although every read succeeds`() {
        let simulation = PlanSimulation()
        simulation.broker.isReadOnly = true
        simulation.desire([a: "A"])
        simulation.run(for: .seconds(120))
        #expect(simulation.plan.check.shownStatus == .unauthorized)
        #expect(simulation.plan.pairs[a]?.lastError == "401 for writing")
        #expect(simulation.publications.count <= 61)
        simulation.broker.isReadOnly = false
        #expect(simulation.run(for: .seconds(31)) { $0.isSynced && $0.plan.isSettled })
        #expect(simulation.plan.check.shownStatus == .ready)
    }

    @Test func `Retry-After is obeyed`() throws {
        let simulation = PlanSimulation()
        simulation.broker.nextPublishAnswers = [
            .transient(.init(cause: .http(429), text: "slow down", retryAfter: .seconds(17)))
        ]
        simulation.desire([a: "A"])
        #expect(simulation.settle())
        let times = simulation.log.filter { if case .publish = $0.request { true } else { false } }.map(\.time)
        try #require(times.count == 2)
        #expect(times[1] - times[0] >= .seconds(17))
        #expect(times[1] - times[0] < .seconds(18))
    }

    @Test func `transient failures back off between 0.1 s and 30 s`() {
        let simulation = PlanSimulation()
        let failure = BrokerOutcome.transient(.init(cause: .http(503), text: "503", retryAfter: nil))
        simulation.broker.nextPublishAnswers = Array(repeating: failure, count: 14)
        simulation.desire([a: "A"])
        #expect(simulation.settle())
        let times = simulation.log.filter { if case .publish = $0.request { true } else { false } }.map(\.time)
        for (index, (before, after)) in zip(times, times.dropFirst()).enumerated() {
            let limit = min(Duration.milliseconds(200) * (1 << index), .seconds(30))
            #expect(after - before >= limit / 2 && after - before <= limit + .milliseconds(20), "wait \(index)")
        }
    }

    @Test func `a restart in the middle loses nothing and publishes only what differs`() {
        let simulation = PlanSimulation()
        simulation.desire(PlanSimulation.pairs(200))
        simulation.run(for: .seconds(30)) { $0.publications.count == 4 }
        simulation.restart()
        #expect(simulation.settle())

        let before = simulation.publications.count
        simulation.restart()
        simulation.run(for: .seconds(10))
        #expect(simulation.publications.count == before, "everything was proven by the bulk read alone")
        #expect(simulation.isSynced && simulation.plan.isSettled)

        simulation.restart(forgetting: true)
        simulation.run(for: .seconds(10))
        #expect(simulation.publications.count == before + 8, "what another run says is not trusted")
        #expect(simulation.plan.isSettled)
    }

    @Test func `a lost answer to a stored publication does no harm`() {
        let simulation = PlanSimulation()
        simulation.broker.losesNextAnswer = true
        simulation.desire([a: "A", b: "B"])
        #expect(simulation.settle())
        #expect(simulation.plan.consumers["web"]?.version == "main-abc")
    }

    @Test func `a similar name fails its own contract only, with the broker's text`() {
        let simulation = PlanSimulation()
        simulation.broker.similarNames = ["provider-3", "consumer-1"]
        simulation.desire(PlanSimulation.pairs(40, consumers: 2))
        #expect(simulation.settle())
        let failed = simulation.plan.pairs.filter { $0.value.failure != nil }.map(\.key)
        #expect(Set(failed) == Set((0..<40).filter { $0 % 2 == 1 }.map { PairKey("consumer-1", "provider-\($0)") }))
        #expect(simulation.publications.count <= 3)
        #expect(simulation.plan.pairs[PairKey("consumer-1", "provider-3")]?.failure?.published.kind == "similar_name")
    }

    @Test func `CREATE_PACTICIPANTS creates the name first`() {
        let simulation = PlanSimulation { $0.createPacticipants = true }
        simulation.broker.similarNames = ["web", "orders"]
        simulation.desire([a: "A", b: "B"])
        #expect(simulation.settle())
        #expect(simulation.plan.pairs.values.allSatisfy { $0.failure == nil })
        #expect(simulation.notes.contains(.pacticipantCreated("web")))
        #expect(simulation.notes.contains(.pacticipantCreated("orders")))
    }

    @Test func `a bulk answer that is too large is replaced by reads of single pairs`() {
        let simulation = PlanSimulation()
        simulation.broker.bulkAnswer = .transient(
            .init(cause: .transport(.tooLarge), text: "too large", retryAfter: nil)
        )
        simulation.desire(PlanSimulation.pairs(10))
        #expect(simulation.settle())
        simulation.broker.delete(PairKey("consumer-0", "provider-4"))
        // One pair an interval in turn.
        #expect(simulation.run(for: .seconds(24)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test func `a slow bulk answer is given up after the second time`() {
        let simulation = PlanSimulation()
        simulation.latency = .seconds(3)
        simulation.desire([a: "A"])
        #expect(simulation.settle())
        simulation.run(for: .seconds(200))
        #expect(simulation.log.count { $0.request == .latestPacts } == 2)
    }

    @Test func `a pair that leaves the desired set is dropped and stays in the broker`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        simulation.desire([a: "A"])
        simulation.run(for: .seconds(10))
        #expect(simulation.plan.pairs[b] == nil)
        #expect(simulation.broker.latest(b)?.sha256 == "B")
        #expect(simulation.notes.contains(.dropped(b, version: "main-abc")))
    }

    @Test func `idle costs four requests an interval whatever the number of contracts`() {
        let simulation = PlanSimulation()
        simulation.desire(PlanSimulation.pairs(300))
        simulation.settle()
        let before = simulation.log.count
        simulation.run(for: .seconds(200))
        let perInterval = Double(simulation.log.count - before) / 100
        #expect(perInterval <= 4.05, "\(perInterval)")
    }
}
