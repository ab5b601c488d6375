import Glibc
import Shared
import TestSupport
import Testing

/// The health server is killed hundreds of times; no probe is ever refused.
@Suite(.serialized, .timeLimit(.minutes(15))) struct NoRefusedProbeTests {
    /// Managers at a time: most of a kill's time is the supervisor's backoff.
    static let lanes = 2

    @Test func noProbeIsRefusedOrLateWhileTheHealthServerIsKilledAgainAndAgain() async throws {
        let kills = ChaosSettings.kills
        let seed = ChaosSettings.seed
        let began = MonotonicTime.now()
        print("kills of the health server: PMM_CHAOS_KILLS=\(kills) PMM_CHAOS_SEED=\(seed)")
        let results = try await withThrowingTaskGroup(of: HealthServerKills.Result.self) { group in
            for lane in 0..<Self.lanes {
                let moments = HealthServerKills.moments(kills / Self.lanes, seed: seed &+ UInt64(lane))
                group.addTask { try Self.run(moments) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for (lane, result) in results.enumerated() {
            let oracle = ProbeOracle(result.probes, result.disturbances, start: began)
            print(
                "lane \(lane): \(result.kills) kills (\(result.beforeReady) before ready, \(result.afterASecond) after "
                    + "a second of service, \(result.midRequest) in the middle of a request, \(result.heldBack) held back): \(oracle.summary)"
            )
            for violation in oracle.violations { Issue.record("\(violation) (seed \(seed))") }
            #expect(result.halfRequestsNotCut == 0)
            #expect(result.kills == kills / Self.lanes && oracle.cut <= result.kills)
            #expect(result.afterASecond > 0 && result.midRequest > 0)
            #expect(oracle.answered > result.kills)
        }
        print("took \((MonotonicTime.now() - began).milliseconds) ms")
    }

    static func run(_ moments: [HealthServerKills.Moment]) throws -> HealthServerKills.Result {
        let pod = try SmallPod(ChaosContracts.payload([0: .content(1), 1: .content(1)]))
        let manager = pod.manager
        var kills = try HealthServerKills(manager)
        try kills.perform(moments)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        return kills.result
    }
}
