import Shared
import Testing

@testable import Publisher

/// "Published" is said of the content that is in the broker, whoever else writes there.
@Suite("Evidence for what is published")
struct PublicationEvidenceTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    @Test func `the loser of a race for a version finds out and moves to another one`() {
        let simulation = PlanSimulation()
        var desired = PlanSimulation.pairs(20)
        simulation.desire(desired)
        simulation.settle()
        simulation.run(for: .seconds(60))
        desired[a] = "ours"
        simulation.broker.races[a] = "theirs"
        simulation.desire(desired)
        // Within two intervals, not after a turn through all pairs: what was never read comes first.
        #expect(simulation.run(for: .seconds(5)) { $0.broker.latest(a)?.sha256 == "ours" })
        #expect(simulation.settle())
        simulation.run(for: .seconds(60))
        #expect(simulation.plan.pairs[a]?.verified?.sha256 == "ours")
        #expect(simulation.broker.latest(a)?.sha256 == "ours")
    }

    @Test func `an overwrite before the first read of the content is found, with and without a SHA to compare`() {
        for computesSHA in [true, false] {
            let simulation = PlanSimulation()
            simulation.computesSHA = computesSHA
            simulation.broker.allowsOverwriting = true
            simulation.desire([a: "A", b: "B"])
            #expect(simulation.run(for: .seconds(5)) { $0.plan.pairs[a]?.verified != nil })
            #expect(simulation.plan.pairs[a]?.verified?.pactVersionSHA == nil, "not read yet")
            simulation.broker.overwrite(a, sha256: "theirs")
            #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
            simulation.run(for: .seconds(60))
            #expect(simulation.isSynced && simulation.plan.isSettled)
            #expect(simulation.publications.count <= 3, "\(simulation.publications.count)")
        }
    }

    @Test func `while the content is in doubt the pair does not count as published`() {
        let simulation = PlanSimulation()
        simulation.broker.races[a] = "theirs"
        simulation.desire([a: "A"])
        var claims = 0
        simulation.afterEach = { simulation in
            let isRead = simulation.log.last.map { $0.request.kind == .pactVersion } ?? false
            let isWrong = simulation.broker.latest(a)?.sha256 != "A"
            if isRead, isWrong, simulation.plan.pairs[a]?.verified?.sha256 == "A" { claims += 1 }
        }
        simulation.run(for: .seconds(30))
        #expect(claims == 0)
        #expect(simulation.broker.latest(a)?.sha256 == "A")
    }

    @Test func `a broker with another algorithm costs one more publication of a contract, and no loop`() {
        let simulation = PlanSimulation()
        simulation.broker.hasOtherAlgorithm = true
        simulation.desire(PlanSimulation.pairs(10))
        simulation.settle()
        simulation.run(for: .seconds(200))
        #expect(simulation.publications.count <= 1 + 10, "\(simulation.publications.count)")
        #expect(simulation.plan.isSettled && simulation.isSynced)
        #expect(Set(simulation.publications.map(\.version)) == ["main-abc"])
        #expect(simulation.plan.pairs.values.allSatisfy { $0.verified?.pactVersionSHA?.hasPrefix("other-") == true })
        // An overwrite is found all the same.
        simulation.broker.allowsOverwriting = true
        let key = PairKey("consumer-0", "provider-4")
        simulation.broker.overwrite(key, sha256: "theirs")
        #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test(arguments: [Settings.VersionPolicyMode.auto, .git])
    func `an opponent who overwrites whatever we publish is answered three times, then named`(
        mode: Settings.VersionPolicyMode
    ) {
        let simulation = PlanSimulation(mode: mode)
        simulation.broker.allowsOverwriting = true
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.run(for: .seconds(10))
        simulation.broker.opponents[a] = "theirs"
        simulation.broker.overwrite(a, sha256: "theirs")
        simulation.run(for: .seconds(60))
        let before = simulation.publications.count
        #expect(before <= 5, "\(before)")
        simulation.run(for: .seconds(1200))
        #expect(simulation.publications.count == before, "no fight")
        let record = simulation.plan.pairs[a]
        #expect(record?.verified == nil)
        #expect(record?.failure?.published.kind == "overwritten")
        let version = simulation.broker.latest(a)?.version ?? "?"
        #expect(record?.failure?.published.reason.contains(version) == true, "\(record?.failure as Any)")
        if mode == .auto { #expect(Set(simulation.publications.map(\.version)).count > 1) }
        // A change of ours is published again.
        simulation.broker.opponents = [:]
        simulation.desire([a: "B"])
        #expect(simulation.settle())
        #expect(simulation.plan.pairs[a]?.verified?.sha256 == "B")
    }

    @Test func `two managers on a broker that allows overwriting do not fight for ever`() {
        let one = PlanSimulation(seed: 1)
        one.broker.allowsOverwriting = true
        one.desire([a: "A"])
        let two = PlanSimulation(seed: 2)
        two.desire([a: "B"])
        var publications: [Int] = []
        for _ in 0..<100 {
            one.run(for: .seconds(2))
            two.broker = one.broker
            two.run(for: .seconds(2))
            one.broker = two.broker
            publications.append(one.publications.count + two.publications.count)
        }
        #expect(publications[99] <= 20, "\(publications[99])")
        #expect(publications[60] == publications[99])
        // Nobody says that the other's content is the one it has published.
        for simulation in [one, two] {
            let record = simulation.plan.pairs[a]
            let isLatest = simulation.broker.latest(a)?.sha256 == record?.desired.sha256
            #expect(isLatest || record?.superseded != nil || record?.failure != nil)
        }
    }

    @Test func `content that somebody puts right again counts again`() {
        let simulation = PlanSimulation(mode: .git)
        simulation.broker.allowsOverwriting = true
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.broker.opponents[a] = "theirs"
        simulation.broker.overwrite(a, sha256: "theirs")
        simulation.run(for: .seconds(60))
        #expect(simulation.plan.pairs[a]?.failure != nil)
        simulation.broker.opponents = [:]
        simulation.broker.overwrite(a, sha256: "A")
        #expect(simulation.run(for: .seconds(10)) { $0.plan.pairs[a]?.verified?.sha256 == "A" })
        #expect(simulation.plan.pairs[a]?.failure == nil)
        // Or the broker is emptied.
        simulation.broker.opponents[a] = "theirs"
        simulation.broker.overwrite(a, sha256: "theirs")
        simulation.run(for: .seconds(60))
        #expect(simulation.plan.pairs[a]?.failure != nil)
        simulation.broker.opponents = [:]
        simulation.broker.wipe()
        #expect(simulation.run(for: .seconds(10)) { $0.plan.pairs[a]?.verified?.sha256 == "A" })
    }
}

/// Contents that change while a request is under way.
@Suite("An edit is never lost")
struct PublicationEditTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    /// Answers to the old content, by what the broker does with it.
    enum Answer: CaseIterable {
        case rejected, conflict, brokerError, similarName, transient, lost
    }

    @Test(arguments: Answer.allCases)
    func `the answer to the old content is not booked on the new one`(answer: Answer) {
        let simulation = PlanSimulation(mode: answer == .conflict ? .git : .auto)
        switch answer {
        case .rejected: simulation.broker.refused = ["bad"]
        case .conflict: simulation.broker.publishForeign(a, version: "main-abc", sha256: "good")
        case .brokerError: simulation.broker.poison = ["bad"]
        case .similarName: simulation.broker.nextPublishAnswers = [.similarName("similar to", name: "orders")]
        case .transient: simulation.broker.unlucky = ["bad"]
        case .lost: simulation.broker.losesNextAnswer = true
        }
        var sendings = 0
        let last = answer == .brokerError ? 3 : 1
        simulation.meanwhile = { simulation, request in
            guard case .publish(let batch) = request, batch.items.contains(where: { $0.content.sha256 == "bad" })
            else { return }
            sendings += 1
            if sendings == last { simulation.desire([a: "good"]) }
        }
        simulation.desire([a: "bad"])
        #expect(simulation.run(for: .seconds(20)) { $0.plan.pairs[a]?.verified?.sha256 == "good" })
        #expect(sendings == last)
        #expect(simulation.plan.pairs[a]?.failure == nil)
        #expect(!simulation.notes.contains { if case .failed = $0 { true } else { false } })
    }

    @Test func `an edit while a 500 waits for the check of the broker is published`() {
        let simulation = PlanSimulation()
        simulation.broker.poison = ["bad"]
        simulation.desire([a: "bad"])
        var publications = 0
        simulation.meanwhile = { simulation, request in
            if case .publish = request { publications += 1 }
            if publications == 3, request == .heartbeat { simulation.desire([a: "good"]) }
        }
        #expect(simulation.run(for: .seconds(20)) { $0.plan.pairs[a]?.verified?.sha256 == "good" })
        #expect(simulation.plan.pairs[a]?.failure == nil)
    }

    @Test func `an edit taken back while it was under way is not called published before it is`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.meanwhile = { simulation, request in
            guard case .publish(let batch) = request, batch.items[0].content.sha256 == "B" else { return }
            simulation.desire([a: "A"])
        }
        var wrong = 0
        simulation.afterEach = { simulation in
            guard case .publish = simulation.log.last?.request else { return }
            if simulation.broker.latest(a)?.sha256 == "B", simulation.plan.pairs[a]?.verified?.sha256 == "A" {
                wrong += 1
            }
        }
        simulation.desire([a: "B"])
        #expect(simulation.run(for: .seconds(20)) { $0.isSynced && $0.plan.isSettled && $0.publications.count > 2 })
        #expect(wrong == 0)
        #expect(simulation.broker.latest(a)?.sha256 == "A")
    }
}
