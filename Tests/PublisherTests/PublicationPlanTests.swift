import Shared
import Testing

@testable import Publisher

@Suite("The publication plan against a model broker")
struct PublicationPlanTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    @Test func `nothing counts as published before a read after the publication has named our version`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.run(for: .seconds(10)) { !$0.publications.isEmpty }
        #expect(simulation.plan.pairs[a]?.verified == nil)
        #expect(simulation.plan.pairs[a]?.sent?.sha256 == "A")
        simulation.settle()
        #expect(simulation.plan.pairs[a]?.verified?.sha256 == "A")
        #expect(simulation.plan.pairs[a]?.verified?.version == "main-abc")
        #expect(
            simulation.notes == [.published(a, version: "main-abc", createdAt: "t1", isChange: false, wasThere: false)]
        )
    }

    @Test func `names that look alike and differ in their bytes are different consumers and providers`() {
        let simulation = PlanSimulation()
        let names = ["caf\u{e9}", "cafe\u{301}"]
        var desired: [PairKey: String] = [:]
        for consumer in names { for provider in names { desired[PairKey(consumer, provider)] = consumer + provider } }
        simulation.desire(desired)
        #expect(simulation.settle())
        #expect(simulation.publications.map(\.items.count) == [2, 2])
        desired[PairKey(names[0], names[0])] = "changed"
        simulation.desire(desired)
        #expect(simulation.settle())
        for (key, content) in desired { #expect(simulation.plan.pairs[key]?.verified?.sha256 == content) }
        let versions = names.map { simulation.plan.consumers[$0]?.version }
        #expect(versions[0] != versions[1], "only the one with the edit moves")
    }

    @Test func `a thousand contracts with three refused ones publish 997 within 80 requests`() {
        let simulation = PlanSimulation { $0.checkInterval = .seconds(30) }
        simulation.broker.refused = ["sha-7", "sha-500", "sha-999"]
        simulation.desire(PlanSimulation.pairs(1000))
        #expect(simulation.settle())
        let failed = simulation.plan.pairs.values.filter { $0.failure != nil }
        #expect(failed.count == 3)
        #expect(Set(failed.map(\.desired.sha256)) == simulation.broker.refused)
        #expect(simulation.plan.pairs.values.count { $0.verified?.isConfirmed == true } == 997)
        #expect(simulation.log.count <= 80, "\(simulation.log.count) requests")
    }

    @Test func `batches hold one consumer, at most 25 contracts and 4 MB, in the order of the pairs`() {
        let simulation = PlanSimulation()
        simulation.desire(PlanSimulation.pairs(120, consumers: 2))
        simulation.settle()
        for batch in simulation.publications {
            #expect(batch.items.count <= 25)
            #expect(batch.items.map(\.provider) == batch.items.map(\.provider).sorted())
        }
        #expect(simulation.publications.count == 6)

        let large = PlanSimulation()
        let contents = Dictionary(uniqueKeysWithValues: (0..<5).map { (PairKey("web", "p\($0)"), "s\($0)") })
        large.plan.setDesired(contents.mapValues { DesiredContent(sha256: $0, bytes: 1_500_000) }, now: large.now)
        large.settle()
        #expect(large.publications.map(\.items.count) == [2, 2, 1])

        let huge = PlanSimulation()
        huge.plan.setDesired([a: DesiredContent(sha256: "A", bytes: 9_000_000)], now: huge.now)
        #expect(huge.settle(), "a contract larger than the limit goes alone")
    }

    @Test(arguments: [1, 2, 3, 4, 5, 9])
    func `going back and forth between two contents ends with the present one as the latest`(turns: Int) {
        let simulation = PlanSimulation()
        for turn in 0..<turns {
            let content = turn.isMultiple(of: 2) ? "A" : "B"
            simulation.desire([a: content, b: "same"])
            #expect(simulation.settle())
            #expect(simulation.broker.latest(a)?.sha256 == content)
            #expect(simulation.broker.latest(b)?.sha256 == "same")
            #expect(simulation.plan.pairs[a]?.superseded == nil)
        }
    }

    @Test(arguments: [2, 3, 4, 9])
    func `going back and forth with another run each time converges too`(turns: Int) {
        let simulation = PlanSimulation()
        for turn in 0..<turns {
            let content = turn.isMultiple(of: 2) ? "A" : "B"
            simulation.desire([a: content, b: "same"])
            simulation.restart(forgetting: true)
            #expect(simulation.settle())
            #expect(simulation.broker.latest(a)?.sha256 == content)
            #expect(simulation.plan.pairs[a]?.superseded == nil)
        }
    }

    @Test func `all contracts of a consumer move together and other consumers stay`() {
        let simulation = PlanSimulation()
        let other = PairKey("app", "orders")
        simulation.desire([a: "A", b: "same", other: "x"])
        simulation.settle()
        simulation.desire([a: "B", b: "same", other: "x"])
        simulation.settle()
        let version = simulation.plan.consumers["web"]?.version ?? ""
        #expect(version.hasPrefix("main-abc-"))
        #expect(version.count == "main-abc-".count + 7)
        #expect(simulation.broker.latest(a)?.version == version)
        #expect(simulation.broker.latest(b)?.version == version)
        #expect(simulation.broker.latest(other)?.version == "main-abc")
    }

    @Test func `content that somebody else has published under our version leads to a suffix`() {
        let simulation = PlanSimulation()
        simulation.broker.publishForeign(a, version: "main-abc", sha256: "reserialised")
        simulation.desire([a: "A", b: "same"])
        #expect(simulation.settle())
        #expect(simulation.broker.latest(a)?.sha256 == "A")
        #expect(simulation.plan.consumers["web"]?.version != "main-abc")
    }

    @Test func `VERSION_POLICY git never adds a suffix and a taken version is a failure`() {
        let simulation = PlanSimulation(mode: .git)
        simulation.broker.publishForeign(a, version: "main-abc", sha256: "other")
        simulation.desire([a: "A", b: "same"])
        #expect(simulation.settle())
        #expect(simulation.plan.pairs[a]?.failure?.published.kind == "conflict")
        #expect(simulation.broker.latest(b)?.version == "main-abc")
        #expect(Set(simulation.publications.map(\.version)) == ["main-abc"])
    }

    @Test func `somebody else's later version is answered three times, then shown and not fought`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        for round in 1...3 {
            simulation.broker.publishForeign(a, version: "ci-\(round)", sha256: "foreign")
            #expect(simulation.run(for: .seconds(10)) { $0.broker.latest(a)?.sha256 == "A" }, "round \(round)")
        }
        simulation.broker.publishForeign(a, version: "ci-4", sha256: "foreign")
        let before = simulation.publications.count
        simulation.run(for: .seconds(60))
        #expect(simulation.publications.count == before)
        #expect(simulation.plan.pairs[a]?.superseded?.version == "ci-4")
        #expect(simulation.plan.pairs[a]?.verified?.sha256 == "A")
        #expect(simulation.notes.contains(.superseded(a, version: "ci-4", createdAt: "t8")))

        // A change of ours is answered again.
        simulation.desire([a: "B"])
        #expect(simulation.settle())
        #expect(simulation.broker.latest(a)?.sha256 == "B")
        #expect(simulation.plan.pairs[a]?.superseded == nil)
    }

    @Test func `two replicas with different sets do not fight for ever`() {
        let one = PlanSimulation(seed: 1)
        one.desire([a: "A"])
        let two = PlanSimulation(seed: 2)
        two.desire([a: "B"])
        var publications = [0, 0]
        for _ in 0..<60 {
            one.run(for: .seconds(2))
            two.broker = one.broker
            two.run(for: .seconds(2))
            one.broker = two.broker
            publications = [one.publications.count, two.publications.count]
        }
        #expect(publications.allSatisfy { $0 <= 12 }, "\(publications)")
        #expect(one.plan.pairs[a]?.superseded != nil || two.plan.pairs[a]?.superseded != nil)
    }

    @Test func `two replicas with the same set agree on a version`() {
        let one = PlanSimulation(seed: 1)
        one.desire([a: "A", b: "same"])
        one.settle()
        one.desire([a: "B", b: "same"])
        one.settle()
        let two = PlanSimulation(seed: 2)
        two.broker = one.broker
        two.desire([a: "B", b: "same"])
        #expect(two.settle())
        #expect(two.plan.consumers["web"]?.version == one.plan.consumers["web"]?.version)
        one.broker = two.broker
        let before = one.publications.count
        one.run(for: .seconds(30))
        #expect(one.publications.count == before)
    }
}

/// A broker without `/contracts/publish`.
@Suite struct SinglePublicationTests {
    let pairs: [PairKey: String] = [
        PairKey(consumer: "Shop", provider: "Orders"): "a", PairKey(consumer: "Shop", provider: "Stock"): "b",
        PairKey(consumer: "Till", provider: "Orders"): "c",
    ]

    func simulation(_ way: PublishingWay) -> PlanSimulation {
        let simulation = PlanSimulation { $0.labels = [.branch("main"), .tag("dev"), .buildURL("http://ci/1")] }
        simulation.broker.way = way
        simulation.desire(pairs)
        return simulation
    }

    @Test func putsOneContractPerRequestAndLabelsEachVersionOnce() {
        let simulation = simulation(.single(branches: true))
        #expect(simulation.settle())
        for (key, content) in pairs { #expect(simulation.broker.latest(key)?.sha256 == content) }
        let publications = simulation.log.filter { if case .publish = $0.request { true } else { false } }
        #expect(publications.count == 3)
        #expect(simulation.broker.labels.count == 6)
        #expect(Set(simulation.broker.labels).count == 6)
        // The first contract of a version comes before its labels: those skip the check for similar names.
        let first = simulation.log.firstIndex { if case .label = $0.request { true } else { false } }
        let publication = simulation.log.firstIndex { if case .publish = $0.request { true } else { false } }
        #expect((publication ?? .max) < (first ?? 0))
    }

    @Test func leavesOutBranchesThatTheIndexDoesNotOffer() {
        let simulation = simulation(.single(branches: false))
        #expect(simulation.settle())
        #expect(!simulation.broker.labels.contains { $0.kind == .branch("main") })
        #expect(simulation.broker.labels.count == 4)
    }

    @Test func movesToAnotherVersionWhenAContractChanges() {
        let simulation = simulation(.single(branches: true))
        #expect(simulation.settle())
        let key = PairKey(consumer: "Shop", provider: "Orders")
        var changed = pairs
        changed[key] = "changed"
        simulation.desire(changed)
        #expect(simulation.settle())
        #expect(simulation.broker.latest(key)?.sha256 == "changed")
        #expect(simulation.broker.latest(key)?.version != "main-abc")
    }
}
