import Shared
import Testing

@testable import HealthServer

@Suite struct HealthCheckTests {
    private func text(
        _ sections: StateSections,
        mode: Settings.ReadinessMode = .settled,
        _ query: CheckQuery = CheckQuery(isVerbose: true)
    ) -> (status: Int, text: String) {
        let situation = Situations.situation(sections, mode: mode)
        let answer = Answer.checks(HealthCheck.readiness(situation), name: "readyz", query, retryAfter: 1)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    private let refused = Situations.changed(Situations.allPublished) { $0.broker = Situations.broker(.refused) }

    @Test func eachCheckHasALine() {
        #expect(
            text(Situations.allPublished)
                == (
                    200,
                    "[+]shutdown ok\n[+]state ok\n[+]source ok\n[+]broker ok\n[+]contracts ok\nreadyz check passed\n"
                )
        )
        #expect(
            text(refused)
                == (
                    503,
                    "[+]shutdown ok\n[+]state ok\n[+]source ok\n"
                        + "[-]broker failed: broker_refused: the broker http://pact-broker:9292 is not ready: "
                        + "detail of refused\n[+]contracts ok\nreadyz check failed\n"
                )
        )
        #expect(text(Situations.allPublished, mode: .broker).text.contains("source") == false)
    }

    @Test func aCheckThatIsExcludedDoesNotCount() {
        let excluded = text(refused, CheckQuery(isVerbose: true, excluded: ["broker"]))
        #expect(excluded.status == 200 && excluded.text.contains("[+]broker excluded: ok\n"))
        #expect(excluded.text.hasSuffix("readyz check passed\n"))
        #expect(text(refused, CheckQuery(excluded: ["broker"])) == (200, "ok"))
        let other = text(refused, CheckQuery(excluded: ["source", "etcd"]))
        #expect(other.status == 503 && other.text.contains("[-]broker failed: broker_refused"))
        #expect(other.text.contains("'etcd'") && other.text.contains("shutdown, state, source, broker, contracts"))
    }

    /// Whoever leaves the source out has not learnt by that what is in it.
    @Test func contractsThatAreNotKnownDoNotPass() {
        for sections in [
            StateSections(), Situations.changed(Situations.allPublished) { $0.source = nil },
            Situations.changed(Situations.allPublished) { $0.source = Situations.source([], status: .missing) },
        ] {
            let excluded = text(sections, CheckQuery(isVerbose: true, excluded: ["state", "source", "broker"]))
            #expect(excluded.status == 503 && excluded.text.contains("[-]contracts failed: source_"))
        }
    }

    @Test(arguments: ProbeTable.rows)
    func theyPassWhereTheProbeDoes(_ row: ProbeRow) {
        for mode in Settings.ReadinessMode.allCases {
            let situation = Situations.situation(
                row.sections,
                mode: mode,
                problem: row.problem,
                tick: row.tick,
                isStopping: row.isStopping
            )
            let checks = HealthCheck.readiness(situation)
            let verdict = ProbeEvaluation(situation).readiness
            #expect(checks.allSatisfy { $0.failure == nil } == verdict.isReady, "mode \(mode)")
            // The probe's own reason is the first that is told.
            #expect(checks.lazy.compactMap(\.failure).first?.code == verdict.code, "mode \(mode)")
            let live = HealthCheck.liveness(Liveness(situation))
            #expect(live.allSatisfy { $0.failure == nil } == (row.liveness == 200))
        }
    }

    @Test func aTextOfTheBrokerIsNoLineOfOurs() {
        let sections = Situations.changed(refused) {
            $0.broker?.detail = "a\r\n[+]broker ok\nreadyz check passed\u{85}\u{2028}b"
        }
        let lines = text(sections).text.split(whereSeparator: \.isNewline)
        #expect(lines.count == 6 && lines.last == "readyz check failed")
        let name = text(sections, CheckQuery(isVerbose: true, excluded: ["a\nreadyz check passed"])).text
        #expect(name.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("readyz") }.count == 1)
    }
}
