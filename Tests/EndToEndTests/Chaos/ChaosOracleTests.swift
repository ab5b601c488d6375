import Shared
import Testing

/// The oracle finds each lie: histories as they must not be.
struct ChaosOracleTests {
    func time(_ milliseconds: Int) -> MonotonicTime { MonotonicTime(milliseconds: Int64(milliseconds)) }

    func broker(_ held: ChaosOracle.Held, _ at: Int, isServing: Bool = true) -> ChaosOracle.Observation {
        .broker(held, isServing: isServing, began: time(at), ended: time(at + 1))
    }

    func ready(
        _ content: String,
        _ at: Int,
        state: String = "published",
        revision: String? = nil
    ) -> ChaosOracle.Observation {
        let claim = ChaosOracle.Claim(pair: 0, state: state, content: content, revision: revision ?? content)
        return .ready(provider: "Ledger", [claim], began: time(at), ended: time(at + 1))
    }

    func directory(_ entry: ChaosContracts.Entry, _ at: Int) -> ChaosOracle.Observation {
        .directory([0: entry], began: time(at), ended: time(at + 1))
    }

    func violations(_ observations: [ChaosOracle.Observation]) -> [String] {
        var oracle = ChaosOracle(interval: .seconds(1))
        for observation in observations { oracle.observe(observation) }
        return oracle.violations.map(\.text)
    }

    @Test func acceptsWhatTheBrokerServes() {
        let history = [
            directory(.content(1), 0), broker([:], 5), broker([0: ["0#1"]], 10), ready("0#1", 20),
            broker([0: ["0#1"]], 30),
        ]
        #expect(violations(history).isEmpty)
    }

    @Test func acceptsContentThatCameAndWentBetweenTwoSamples() {
        let history = [
            directory(.content(1), 0), broker([:], 5), ready("0#1", 20), broker([0: ["0#1", "0#2"]], 30),
        ]
        #expect(violations(history).isEmpty)
    }

    @Test func findsReadyBeforeAnythingWasPublished() {
        let history = [directory(.content(1), 0), broker([:], 5), ready("0#1", 20), broker([:], 30)]
        let found = violations(history)
        #expect(found.count == 1 && found[0].contains("has not served"))
    }

    @Test func allowsALossForFiveIntervalsAndASecondAndNotALongerOne() {
        func history(_ at: Int) -> [ChaosOracle.Observation] {
            [directory(.content(1), 0), broker([0: ["0#1"]], 1000)]
                + stride(from: 1100, to: at, by: 100).map { broker([:], $0) } + [ready("0#1", at), broker([:], at + 5)]
        }
        #expect(violations(history(7001)).isEmpty)
        #expect(violations(history(7002)).count == 1)
    }

    @Test func aBrokerThatIsAwayIsNotServing() {
        let history = [
            directory(.content(1), 0), broker([0: ["0#1"]], 1000), broker([0: ["0#1"]], 2000, isServing: false),
            ready("0#1", 8000), broker([:], 8005),
        ]
        #expect(violations(history).count == 1)
    }

    @Test func delaysProlongTheLimitFourfoldOnlyWhileTheyMatter() {
        func history(_ at: Int, delayAt: Int) -> [ChaosOracle.Observation] {
            [directory(.content(1), 0), .delay(.milliseconds(500), at: time(delayAt)), broker([0: ["0#1"]], 40_000)]
                + [broker([:], 40_100), ready("0#1", at), broker([:], at + 5)]
        }
        #expect(violations(history(48_001, delayAt: 40_000)).isEmpty)
        #expect(violations(history(48_002, delayAt: 40_000)).count == 1)
        #expect(violations(history(46_002, delayAt: 1000)).count == 1)
    }

    @Test func publishedMeansTheLatestStaleMeansThere() {
        let both = broker([0: ["0#1", "0#2"]], 10)
        let before = [directory(.content(1), 0), both, broker([0: ["0#2"]], 15)]
        #expect(violations(before + [ready("0#1", 20, state: "stale"), broker([0: ["0#2"]], 30)]).isEmpty)
        #expect(violations(before + [ready("0#1", 20), broker([0: ["0#2"]], 30)]).count == 1)
    }

    @Test func findsARevisionThatTheDirectoryGaveUpLongAgo() {
        func history(_ at: Int, _ watcher: [ChaosOracle.Observation]) -> [ChaosOracle.Observation] {
            [directory(.content(1), 0), directory(.content(2), 1000)] + watcher
                + [broker([0: ["0#1"]], at - 1), ready("0#1", at), broker([0: ["0#1"]], at + 5)]
        }
        let late = history(7100, [.watcher(undisturbedSince: time(0), at: time(7002))])
        #expect(violations(late).count == 1)
        #expect(violations(history(7000, [.watcher(undisturbedSince: time(0), at: time(6999))])).isEmpty)
        // Dead meanwhile: it had no six seconds at a stretch.
        let disturbed: [ChaosOracle.Observation] = [
            .watcher(undisturbedSince: time(0), at: time(5000)), .watcher(undisturbedSince: nil, at: time(5500)),
            .watcher(undisturbedSince: time(6000), at: time(9000)),
        ]
        #expect(violations(history(9100, disturbed)).isEmpty)
    }

    @Test func findsAPairThatLeftTheDirectoryAndAllowsTheLastGoodContentOfAnInvalidOne() {
        let quiet = ChaosOracle.Observation.watcher(undisturbedSince: time(0), at: time(20_000))
        func history(_ entry: ChaosContracts.Entry) -> [ChaosOracle.Observation] {
            [directory(.content(1), 0), directory(entry, 1000), quiet, broker([0: ["0#1"]], 20_000)]
                + [ready("0#1", 20_001, state: "stale"), broker([0: ["0#1"]], 20_005)]
        }
        #expect(violations(history(.absent)).count == 1)
        #expect(violations(history(.invalid)).isEmpty)
    }

    @Test func findsReadyWithoutAContract() {
        #expect(violations([.ready(provider: "Mail", [], began: time(0), ended: time(1))]).count == 1)
    }

    @Test func aSeedIsAPlan() {
        let plan = ChaosPlan(seed: 7, length: .seconds(600))
        #expect(plan == ChaosPlan(seed: 7, length: .seconds(600)))
        #expect(plan != ChaosPlan(seed: 8, length: .seconds(600)))
        #expect(plan.steps.count > 1000 && zip(plan.steps, plan.steps.dropFirst()).allSatisfy { $0.at <= $1.at })
    }
}
