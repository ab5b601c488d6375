import Shared
import Testing

@testable import Watcher

/// Tens of thousands of random histories of one watch.
///
/// `PMM_SIMULATED_WATCHES` chooses how many; `PMM_SIMULATION_SEED` replays one and prints it.
@Suite("A watch of a ConfigMap in random histories", .timeLimit(.minutes(10)))
struct WatchSimulationTests {
    static let environment = ProcessEnvironment.current()

    struct Portion: Sendable {
        var steps = 0
        var deliveries = 0
        var busiestMinute = 0
        var violation: WatchSimulation.Violation?
    }

    @Test("What it delivers was there, never goes back, is right once nothing fails, and nobody is asked too often")
    func keepsItsPromises() async throws {
        if let seed = Self.environment["PMM_SIMULATION_SEED"].flatMap(UInt64.init) { return Self.replay(seed) }
        let histories = Self.environment["PMM_SIMULATED_WATCHES"].flatMap(Int.init) ?? 20_000
        // Three quarters are the same each time, the others are new.
        let fresh = UInt64.random(in: 1 << 32...1 << 48)
        let size = 500
        var portions: [Portion] = []
        await withTaskGroup(of: Portion.self) { group in
            for start in stride(from: 0, to: histories, by: size) {
                let base = start < histories / 4 * 3 ? UInt64(start) : fresh &+ UInt64(start)
                group.addTask { Self.run(from: base, count: min(size, histories - start)) }
            }
            for await portion in group { portions.append(portion) }
        }
        let steps = portions.reduce(0) { $0 + $1.steps }
        let deliveries = portions.reduce(0) { $0 + $1.deliveries }
        let busiest = portions.map(\.busiestMinute).max() ?? 0
        print(
            "simulated \(histories) watches, the new ones from seed \(fresh): \(steps) steps, \(deliveries) deliveries, "
                + "at most \(busiest) requests in a minute"
        )
        #expect(deliveries > histories)
        if let first = portions.compactMap(\.violation).min(by: { $0.seed < $1.seed }) {
            Self.replay(first.seed)
            Issue.record("replay with PMM_SIMULATION_SEED=\(first.seed): \(first)")
        }
    }

    /// - Returns: The counts, and the first violation, which ends the portion.
    static func run(from base: UInt64, count: Int) -> Portion {
        var portion = Portion()
        for offset in 1...UInt64(count) {
            var simulation = WatchSimulation(seed: base &+ offset)
            do throws(WatchSimulation.Violation) { try simulation.run() } catch {
                portion.violation = error
                return portion
            }
            portion.steps += simulation.steps
            portion.deliveries += simulation.deliveries
            portion.busiestMinute = max(portion.busiestMinute, simulation.busiestMinute)
        }
        return portion
    }

    /// Prints the last steps of one seed and how it ends.
    static func replay(_ seed: UInt64) {
        var simulation = WatchSimulation(seed: seed, traced: true)
        do throws(WatchSimulation.Violation) {
            try simulation.run()
            print(simulation.lastSteps, "\nno violation")
        } catch {
            print(simulation.lastSteps, "\n\(error)")
            Issue.record("\(error)")
        }
    }
}

extension WatchSimulation {
    fileprivate var lastSteps: String { (trace ?? []).suffix(60).joined(separator: "\n") }
}
