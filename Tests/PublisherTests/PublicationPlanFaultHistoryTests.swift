import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// Random histories with proxies, lagging lists, races, opponents and edits in the middle of requests; what must hold
/// holds after each answer.
@Suite("Random histories with unreliable parts")
struct PublicationPlanFaultHistoryTests {
    /// What is checked after each answer.
    final class Invariants {
        /// Contents that were ever sent, by pair.
        private var sent: [PairKey: Set<String>] = [:]
        private var seen = 0
        var violations: [String] = []

        func check(_ simulation: PlanSimulation) {
            for (_, request) in simulation.log[seen...] {
                guard case .publish(let batch) = request else { continue }
                for (key, item) in zip(batch.keys, batch.items) { sent[key, default: []].insert(item.content.sha256) }
            }
            seen = simulation.log.count
            for (key, record) in simulation.plan.pairs { check(key, record) }
            guard let last = simulation.log.last else { return }
            checkRead(last.request, simulation)
        }

        private func check(_ key: PairKey, _ record: PairRecord) {
            if record.doubt != nil, record.doubt?.answer == nil, record.sent != nil || record.verified != nil {
                violations.append("\(key): evidence beside a doubt")
            }
            // No answer was booked on a content that the broker was never asked about.
            if let sha256 = record.failure?.published.sha256, sent[key]?.contains(sha256) != true {
                violations.append("\(key): \(sha256) failed without having been sent")
            }
            if let sha256 = record.verified?.sha256, sent[key]?.contains(sha256) != true {
                violations.append("\(key): \(sha256) proven without having been sent")
            }
        }

        /// A read that has just shown something else leaves no claim.
        private func checkRead(_ request: BrokerRequest, _ simulation: PlanSimulation) {
            switch request {
            case .pactVersion(let key, let version):
                guard simulation.broker.singleReadAnswers[key] == nil, !simulation.broker.hasOtherAlgorithm,
                    let record = simulation.plan.pairs[key], let proof = record.verified, proof.version == version,
                    let stored = simulation.stored(key, version), stored != proof.sha256
                else { return }
                // A former content is judged by our SHA only once the broker is known to count as we do.
                guard record.desired.sha256 == proof.sha256 || simulation.plan.computedSHAsAgree else { return }
                violations.append("\(key): \(version) holds \(stored), was read, and counts as \(proof.sha256)")
            case .latestPacts:
                guard simulation.broker.bulkAnswer == nil, simulation.broker.listLag == .zero,
                    !simulation.broker.isDown, !simulation.broker.isDatabaseDown
                else { return }
                for (key, record) in simulation.plan.pairs where record.superseded == nil {
                    guard let proof = record.verified, proof.isConfirmed, record.sent == nil else { continue }
                    let latest = simulation.broker.latest(key)?.version
                    if latest == nil { violations.append("\(key): not in the list, and counts as proven") }
                }
            default: return
            }
        }
    }

    private func disturb(_ simulation: PlanSimulation, _ key: PairKey, _ pick: (Int) -> Int) {
        let broken: [BrokerOutcome] = [
            .absent, .rejected(status: 400, "400"), .unauthorized("401"),
            .transient(.init(cause: .transport(.timeout), text: "timeout", retryAfter: nil)),
        ]
        switch pick(14) {
        case 0: simulation.broker.allowsOverwriting.toggle()
        case 1: simulation.broker.races[key] = "theirs"
        case 2: simulation.broker.opponents[key] = simulation.broker.opponents[key] == nil ? "theirs" : nil
        case 3: simulation.broker.listLag = [.zero, .seconds(3), .seconds(8)][pick(3)]
        case 4: simulation.broker.singleReadAnswers[key] = broken[pick(4)]
        case 5: simulation.broker.singleReadAnswers = [:]
        case 6: simulation.broker.unlucky = pick(2) == 0 ? [] : ["content-\(pick(4))"]
        case 7: simulation.slowness = pick(2) == 0 ? { _ in nil } : { $0 == .latestPacts ? .seconds(3) : nil }
        case 8:
            let tooLarge = BrokerOutcome.Transient(cause: .transport(.tooLarge), text: "too large", retryAfter: nil)
            simulation.broker.bulkAnswer = simulation.broker.bulkAnswer == nil ? .transient(tooLarge) : nil
        case 9: simulation.broker.overwrite(key, sha256: "theirs")
        case 10: simulation.broker.isDown.toggle()
        case 11: simulation.broker.wipe()
        case 12: simulation.restart(forgetting: pick(2) == 0)
        default: simulation.broker.refused = pick(2) == 0 ? [] : ["content-\(pick(4))"]
        }
    }

    private func calm(_ simulation: PlanSimulation) {
        simulation.meanwhile = nil
        simulation.slowness = { _ in nil }
        simulation.broker.allowsOverwriting = false
        simulation.broker.races = [:]
        simulation.broker.opponents = [:]
        simulation.broker.listLag = .zero
        simulation.broker.singleReadAnswers = [:]
        simulation.broker.unlucky = []
        simulation.broker.bulkAnswer = nil
        simulation.broker.isDown = false
        simulation.broker.refused = []
    }

    @Test(arguments: 0..<200)
    func `nothing false is said on the way, and in the end the broker serves what is desired`(seed: Int) {
        var random = JitterSource(seed: UInt64(seed) &+ 5000)
        func pick(_ count: Int) -> Int { Int(random.next() * Double(count)) }
        let simulation = PlanSimulation(seed: UInt64(seed))
        simulation.broker.hasOtherAlgorithm = seed % 5 == 4
        let invariants = Invariants()
        simulation.afterEach = invariants.check
        let keys = (0..<5).map { PairKey("consumer-\($0 % 2)", "provider-\($0)") }
        var desired = Dictionary(uniqueKeysWithValues: keys.map { ($0, "content-0") })
        // Edits between a request and its answer, now and then.
        simulation.meanwhile = { simulation, request in
            guard case .publish = request, pick(4) == 0 else { return }
            desired[keys[pick(5)]] = "content-\(pick(4))"
            simulation.desire(desired)
        }
        simulation.desire(desired)
        for _ in 0..<25 {
            disturb(simulation, keys[pick(5)], pick)
            if pick(3) == 0 {
                desired[keys[pick(5)]] = "content-\(pick(4))"
                simulation.desire(desired)
            }
            simulation.run(for: .milliseconds(Int64(random.next() * 8000)))
        }
        calm(simulation)
        // Whoever was given up answers to a change of ours again.
        for key in keys { desired[key] = "final" }
        simulation.desire(desired)
        #expect(simulation.run(for: .seconds(700)) { $0.plan.isSettled && $0.isSynced && $0.hasNoFailure })
        for key in keys {
            #expect(simulation.plan.pairs[key]?.verified?.sha256 == "final", "\(key)")
            #expect(simulation.broker.latest(key)?.sha256 == "final", "\(key)")
        }
        // At rest: one list and one pair an interval, and no publication but for pairs counted otherwise.
        simulation.run(for: .seconds(60))
        let before = (simulation.log.count, simulation.publications.count)
        simulation.run(for: .seconds(200))
        #expect(Double(simulation.log.count - before.0) / 100 <= 4.1)
        #expect(simulation.publications.count == before.1)
        #expect(invariants.violations.isEmpty, "\(invariants.violations.prefix(3))")
    }

    @Test(arguments: 0..<60)
    func `opponents and spoilt names are left alone in the end`(seed: Int) {
        var random = JitterSource(seed: UInt64(seed) &+ 9000)
        func pick(_ count: Int) -> Int { Int(random.next() * Double(count)) }
        let simulation = PlanSimulation(mode: seed.isMultiple(of: 3) ? .git : .auto, seed: UInt64(seed))
        let invariants = Invariants()
        simulation.afterEach = invariants.check
        let keys = (0..<4).map { PairKey("web", "provider-\($0)") }
        simulation.broker.allowsOverwriting = pick(4) != 0
        for key in keys where pick(2) == 0 { simulation.broker.opponents[key] = "theirs" }
        for key in keys where pick(3) == 0 { simulation.broker.singleReadAnswers[key] = .absent }
        if pick(3) == 0 { simulation.broker.listLag = .seconds(5) }
        simulation.desire(Dictionary(uniqueKeysWithValues: keys.map { ($0, "ours") }))
        for round in 0..<6 {
            if pick(2) == 0 {
                simulation.broker.publishForeign(keys[pick(4)], version: "ci-\(round)", sha256: "foreign")
            } else {
                simulation.broker.overwrite(keys[pick(4)], sha256: "theirs")
            }
            simulation.run(for: .milliseconds(Int64(random.next() * 8000)))
        }
        simulation.run(for: .seconds(400))
        let before = simulation.publications.count
        #expect(before < 60, "\(before)")
        simulation.run(for: .seconds(1200))
        // A refusal for good is tried once in five minutes, alone.
        #expect(simulation.publications.count - before <= 4 * 5, "\(simulation.publications.count - before)")
        #expect(invariants.violations.isEmpty, "\(invariants.violations.prefix(3))")
    }
}

extension PlanSimulation {
    /// What the broker has under a version.
    func stored(_ key: PairKey, _ version: String) -> String? {
        broker.pacts[key]?.first { $0.version == version }?.sha256
    }
}
