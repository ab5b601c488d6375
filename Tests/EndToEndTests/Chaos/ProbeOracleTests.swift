import Shared
import Testing

/// Each rule of the oracle is broken once by a history that lies.
struct ProbeOracleTests {
    func time(_ milliseconds: Int) -> MonotonicTime { MonotonicTime(milliseconds: Int64(milliseconds)) }

    func probe(_ outcome: Probe.Outcome, _ began: Int, _ ended: Int) -> Probe {
        Probe(began: time(began), ended: time(ended), outcome: outcome)
    }

    func violations(_ probes: [Probe], _ disturbances: [ProbeOracle.Disturbance] = []) -> [String] {
        ProbeOracle(probes, disturbances, start: time(0)).violations
    }

    @Test func acceptsAnswersAndOneCutPerKill() {
        let probes = [
            probe(.answered(200), 0, 5), probe(.cut, 10, 20), probe(.answered(200), 21, 90), probe(.cut, 95, 99),
        ]
        let kills: [ProbeOracle.Disturbance] = [
            .ended(at: time(18), until: time(30)), .ended(at: time(97), until: time(99)),
        ]
        let oracle = ProbeOracle(probes, kills, start: time(0))
        #expect(oracle.violations.isEmpty)
        #expect(oracle.answered == 2 && oracle.cut == 2 && oracle.mostFailedInARow == 1)
        #expect(oracle.slowest == .milliseconds(69))
    }

    @Test func findsARefusedProbe() {
        #expect(
            violations([probe(.refused, 0, 1)], [.ended(at: time(0), until: time(9))]) == [
                "probe at 0 ms was refused"
            ]
        )
    }

    @Test func findsAnAnswerThatIsNot200() {
        #expect(violations([probe(.answered(503), 4, 5)]) == ["probe at 4 ms was answered with 503"])
    }

    @Test func findsATimeoutWithoutAStop() {
        #expect(violations([probe(.timedOut, 7, 1007)], [.ended(at: time(8), until: time(30))]).count == 1)
    }

    @Test func excusesATimeoutWhileTheMachineStoodStillAndNothingElse() {
        func stalled(_ outcome: Probe.Outcome, _ stall: Int) -> Probe {
            Probe(began: time(7), ended: time(1007), outcome: outcome, stall: .milliseconds(stall))
        }
        #expect(violations([stalled(.timedOut, 400), stalled(.timedOut, 400)]).isEmpty)
        #expect(violations([stalled(.timedOut, 300)]).count == 1)
        #expect(violations([stalled(.refused, 400)]).count == 1)
        #expect(violations([stalled(.cut, 400)]).count == 1)
    }

    @Test func aMachineStandsStillWhereNobodyHasATurn() {
        var turns = MachineWatch.Turns(first: time(0))
        for moment in [10, 20, 120, 620, 630] { turns.note(time(moment)) }
        func stall(_ from: Int, _ until: Int, now: Int) -> Int64 {
            turns.stall(from: time(from), until: time(until), now: time(now)).milliseconds
        }
        // From 120 to 620; 100 ms without a turn are none yet.
        #expect(stall(0, 630, now: 640) == 500)
        #expect(stall(200, 300, now: 640) == 100)
        #expect(stall(0, 120, now: 640) == 0 && stall(620, 640, now: 640) == 0)
        // One that has not ended.
        #expect(stall(700, 1500, now: 1400) == 700)
    }

    @Test func findsACutWithoutAKillAndASecondOneOfTheSameKill() {
        #expect(violations([probe(.cut, 10, 12)], [.ended(at: time(13), until: time(20))]).count == 1)
        let twice = [probe(.cut, 10, 12), probe(.answered(200), 13, 14), probe(.cut, 15, 16)]
        #expect(violations(twice, [.ended(at: time(11), until: time(20))]).count == 1)
    }

    @Test func findsTwoFailuresInARow() {
        let probes = [probe(.cut, 10, 12), probe(.cut, 14, 16)]
        let kills: [ProbeOracle.Disturbance] = [
            .ended(at: time(11), until: time(12)), .ended(at: time(15), until: time(16)),
        ]
        #expect(violations(probes, kills) == ["probe at 14 ms was the second in a row that failed"])
    }

    @Test func allowsTimeoutsWhileStoppedButNotForLongerThanTheWatchdogTakes() {
        let stop = ProbeOracle.Disturbance.stopped(from: time(1000), until: time(60_000))
        let during = [probe(.timedOut, 990, 1990), probe(.timedOut, 2000, 3000), probe(.answered(200), 3001, 3002)]
        let oracle = ProbeOracle(during, [stop], start: time(0))
        #expect(oracle.violations.isEmpty && oracle.timedOutWhileStopped == 2 && oracle.timedOut == 0)
        // 1 s + 3 s + 1 s + 250 ms + 2 s for the start: after 7,250 ms there is a new process.
        #expect(violations([probe(.timedOut, 7260, 8260)], [stop]) == ["probe at 7260 ms timed out"])
        // It went on at 1.5 s.
        let short = ProbeOracle.Disturbance.stopped(from: time(1000), until: time(1500))
        #expect(violations([probe(.timedOut, 1600, 2600)], [short]) == ["probe at 1600 ms timed out"])
    }
}
