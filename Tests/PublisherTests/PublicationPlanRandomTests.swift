import Shared
import Testing

@testable import Publisher

@Suite("Random histories")
struct PublicationPlanRandomTests {
    /// Whatever happens, once it stops happening the broker serves what is desired.
    @Test(arguments: 0..<150)
    func `every history ends with the broker serving what is desired`(seed: Int) {
        var random = JitterSource(seed: UInt64(seed))
        let simulation = PlanSimulation(seed: UInt64(seed)) { $0.createPacticipants = seed.isMultiple(of: 2) }
        func pick(_ count: Int) -> Int { Int(random.next() * Double(count)) }
        var desired: [PairKey: String] = [:]
        for _ in 0..<25 {
            let key = PairKey("consumer-\(pick(2))", "provider-\(pick(6))")
            switch pick(14) {
            case 0...4: desired[key] = "content-\(pick(4))"
            case 5: desired[key] = nil
            case 6: simulation.broker.isDown.toggle()
            case 7: simulation.broker.isDatabaseDown.toggle()
            case 8: simulation.broker.wipe()
            case 9: simulation.restart(forgetting: pick(2) == 0)
            case 10: simulation.broker.losesNextAnswer = true
            case 11: simulation.broker.delete(key)
            case 12: simulation.broker.refused = ["content-\(pick(4))"]
            default: simulation.broker.isReadOnly.toggle()
            }
            simulation.desire(desired)
            simulation.run(for: .milliseconds(Int64(random.next() * 6000)))
        }
        simulation.broker.isDown = false
        simulation.broker.isDatabaseDown = false
        simulation.broker.isReadOnly = false
        simulation.broker.refused = []
        #expect(simulation.run(for: .seconds(400)) { $0.plan.isSettled && $0.isSynced && $0.hasNoFailure })
        for (key, content) in desired {
            #expect(simulation.broker.latest(key)?.sha256 == content, "\(key)")
            #expect(simulation.plan.pairs[key]?.verified?.sha256 == content, "\(key)")
        }
    }

    /// Somebody else publishing at random may end in `superseded`, never in an endless fight or a wrong claim.
    @Test(arguments: 0..<50)
    func `with foreign publications nothing is claimed that is not so`(seed: Int) {
        var random = JitterSource(seed: UInt64(seed) &+ 1000)
        let simulation = PlanSimulation(seed: UInt64(seed))
        let keys = (0..<4).map { PairKey("web", "provider-\($0)") }
        simulation.desire(Dictionary(uniqueKeysWithValues: keys.map { ($0, "ours") }))
        for round in 0..<12 {
            let key = keys[Int(random.next() * 4)]
            simulation.broker.publishForeign(key, version: "ci-\(round)", sha256: "foreign-\(round)")
            simulation.run(for: .milliseconds(Int64(random.next() * 8000)))
        }
        let before = simulation.publications.count
        simulation.run(for: .seconds(60))
        #expect(simulation.publications.count <= before + 8)
        for key in keys {
            let record = simulation.plan.pairs[key]
            #expect(record?.verified?.sha256 == "ours")
            let isLatest = simulation.broker.latest(key)?.sha256 == "ours"
            #expect(isLatest == (record?.superseded == nil))
        }
    }
}

extension PlanSimulation {
    var hasNoFailure: Bool { plan.pairs.values.allSatisfy { $0.failure == nil } }
}
