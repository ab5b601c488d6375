import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// Content that is overwritten under our own version while `createdAt` stays: the list of pacts shows nothing, only the
/// read of one pair per interval does.
@Suite("The rolling check")
struct RollingCheckTests {
    enum Reading: CaseIterable {
        case list
        /// The list is too large.
        case oneByOne
    }

    /// Of three consumers, all published.
    private func simulation(_ count: Int, _ reading: Reading) -> PlanSimulation {
        let simulation = PlanSimulation()
        simulation.broker.allowsOverwriting = true
        if reading == .oneByOne {
            let text = "the list is too large"
            simulation.broker.bulkAnswer = .transient(
                .init(cause: .transport(.tooLarge), text: text, retryAfter: nil)
            )
        }
        simulation.desire(PlanSimulation.pairs(count, consumers: 3))
        #expect(simulation.settle())
        return simulation
    }

    private func overwrite(_ key: PairKey, in simulation: PlanSimulation) {
        simulation.broker.overwrite(key, sha256: "theirs", movesDate: false)
    }

    /// Runs until `done` holds.
    ///
    /// - Returns: How many check intervals that took; `nil` after `limit` intervals.
    private func intervals(
        of simulation: PlanSimulation,
        limit: Int,
        until done: (PlanSimulation) -> Bool
    ) -> Int? {
        func checks() -> Int { simulation.plan.check.counts.values.reduce(0, +) }
        let start = checks()
        let isDone = simulation.run(for: simulation.configuration.checkInterval * (2 * limit + 10)) { simulation in
            checks() - start > limit || done(simulation)
        }
        return isDone && done(simulation) ? checks() - start : nil
    }

    /// The worst one to be overwritten now.
    private func keyThatHadItsTurn(_ simulation: PlanSimulation) throws -> PairKey {
        let start = simulation.log.count
        var key: PairKey?
        simulation.run(for: .seconds(60)) { simulation in
            key = simulation.log.dropFirst(start).last.flatMap { readKey($0.request) }
            return key.map { simulation.broker.singleReadAnswers[$0] == nil } ?? false
        }
        return try #require(key)
    }

    private func isFound(_ key: PairKey, _ simulation: PlanSimulation) -> Bool {
        simulation.notes.contains { if case .repairing(key, .different, _) = $0 { true } else { false } }
    }

    private func readKey(_ request: BrokerRequest) -> PairKey? {
        switch request {
        case .pactVersion(let key, _), .latestPact(let key): key
        default: nil
        }
    }

    /// 160 intervals are longer than the time after which the whole list is tried again.
    @Test(arguments: [
        (Reading.list, 1), (.list, 2), (.list, 7), (.list, 60), (.oneByOne, 1), (.oneByOne, 7), (.oneByOne, 160),
    ])
    func `an overwrite is found within as many intervals as there are pairs, where nothing is edited meanwhile`(
        reading: Reading,
        count: Int
    ) throws {
        let simulation = simulation(count, reading)
        let areRead = intervals(of: simulation, limit: count) { simulation in
            simulation.plan.pairs.values.allSatisfy { $0.verified?.pactVersionSHA != nil }
        }
        #expect(areRead != nil, "all have been read once")
        let key = try keyThatHadItsTurn(simulation)
        overwrite(key, in: simulation)
        let publications = simulation.publications.count
        let found = intervals(of: simulation, limit: count) { isFound(key, $0) }
        #expect(found == count)
        #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
        #expect(simulation.publications.count == publications + 1)
        #expect(simulation.plan.pairs[key]?.failure == nil)
    }

    /// A repaired pair is read once more before the turn goes on, as everything that was published anew: where all were
    /// read before, that is two intervals for each.
    @Test(arguments: Reading.allCases, [(isRead: false, turns: 1), (isRead: true, turns: 2)])
    func `when all are overwritten at once, all are found`(reading: Reading, history: (isRead: Bool, turns: Int)) {
        let count = 60
        let simulation = simulation(count, reading)
        if history.isRead { simulation.run(for: simulation.configuration.checkInterval * (count + 5)) }
        for key in simulation.plan.pairs.keys { overwrite(key, in: simulation) }
        #expect(!simulation.isSynced)
        let found = intervals(of: simulation, limit: history.turns * count) { simulation in
            simulation.plan.pairs.keys.allSatisfy { isFound($0, simulation) }
        }
        #expect(found != nil)
        #expect(simulation.run(for: .seconds(5)) { $0.isSynced && $0.plan.isSettled })
    }

    @Test(arguments: Reading.allCases)
    func `a pair that cannot be read takes no turn of the others`(reading: Reading) throws {
        let count = 20
        let simulation = simulation(count, reading)
        simulation.run(for: simulation.configuration.checkInterval * (count + 5))
        let keys = simulation.plan.pairs.keys
        let answer = BrokerOutcome.transient(.init(cause: .http(504), text: "504", retryAfter: nil))
        for key in keys[5..<10] { simulation.broker.singleReadAnswers[key] = answer }
        simulation.run(for: .seconds(1200))
        let key = try keyThatHadItsTurn(simulation)
        overwrite(key, in: simulation)
        let found = intervals(of: simulation, limit: 2 * count) { isFound(key, $0) }
        // Fifteen turns, and now and then one of those that are tried again.
        #expect(found.map { $0 < count - 2 } == true)
    }

    /// Each edit makes all pairs of its consumer unread. What has waited for a whole round comes first all the same.
    @Test(arguments: [4.0, 30, 60])
    func `edits that keep coming do not keep another pair from being looked at`(seconds: Double) {
        let simulation = PlanSimulation()
        simulation.broker.allowsOverwriting = true
        var desired = PlanSimulation.pairs(30)
        let other = PairKey("other", "p")
        desired[other] = "O"
        simulation.desire(desired)
        simulation.settle()
        simulation.run(for: .seconds(120))
        overwrite(other, in: simulation)
        let start = simulation.now
        for turn in 0..<200 where !isFound(other, simulation) {
            desired[PairKey("consumer-0", "provider-3")] = "edit-\(turn)"
            simulation.desire(desired)
            simulation.run(for: .seconds(seconds)) { isFound(other, $0) }
        }
        // 31 pairs, an interval of two seconds: its turn comes within a round, and the edits cost some turns.
        #expect(isFound(other, simulation) && simulation.now - start <= .seconds(2 * 31 * 2))
    }
}
