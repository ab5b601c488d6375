import Shared
import Testing

@testable import HealthServer

@Suite struct ProviderReadinessTests {
    private func readiness(_ query: ProviderQuery, _ sections: StateSections) -> ProviderReadiness {
        ProviderReadiness(query, Situations.situation(sections))
    }

    private func providers(_ names: [String]) -> StateSections {
        Situations.sections(names.map { Situations.desired($0) }, names.map { Situations.published($0) })
    }

    @Test(arguments: [
        ("gcp-secret-manager", "GCP-Secret-Manager"), ("GCP-Secret-Manager", "GCP-Secret-Manager"),
        ("a/b", "a/b"), ("MIT LEER", "Mit Leer"), ("ÄPFEL", "Äpfel"),
    ])
    func namesMatchExactlyOrWithoutCase(_ asked: String, _ found: String) {
        let sections = providers(["GCP-Secret-Manager", "a/b", "Mit Leer", "Äpfel"])
        let answer = readiness(ProviderQuery(provider: asked), sections)
        #expect(answer.outcome == .ready)
        #expect(answer.provider == found)
    }

    @Test func theExactNameWinsOverOneThatDiffersInCase() {
        let sections = providers(["API", "Api", "api"])
        for name in ["API", "Api", "api"] {
            #expect(readiness(ProviderQuery(provider: name), sections).provider == name)
        }
        #expect(readiness(ProviderQuery(provider: "aPI"), sections).provider == "API")
    }

    @Test func differentlyComposedNamesAreDifferentProviders() {
        let sections = providers(["e\u{301}", "\u{E9}"])
        for name in ["e\u{301}", "\u{E9}"] {
            let answer = readiness(ProviderQuery(provider: name), sections)
            #expect(Array(answer.provider.utf8) == Array(name.utf8))
            #expect(answer.contracts.count == 1)
        }
    }

    @Test func theLatestContractGivesTheDate() {
        let sections = Situations.sections(
            [Situations.desired(consumer: "A"), Situations.desired(consumer: "B")],
            [
                Situations.published(consumer: "A", at: "2024-01-01T01:30:00+01:00"),
                Situations.published(consumer: "B", at: "2024-01-01T00:29:59Z"),
            ]
        )
        let answer = readiness(ProviderQuery(provider: Situations.provider), sections)
        #expect(answer.publishedAt?.text == "2024-01-01T00:30:00Z")
    }

    @Test(arguments: [nil, "yesterday", ""] as [String?])
    func aReadyProviderAlwaysHasADate(_ createdAt: String?) {
        var pair = Situations.published(at: createdAt)
        let withTime = Situations.sections([Situations.desired()], [pair])
        #expect(
            readiness(ProviderQuery(provider: Situations.provider), withTime).publishedAt?.text
                == "2026-11-23T01:00:00Z"
        )
        pair.verifiedAt = nil
        let without = Situations.changed(Situations.sections([Situations.desired()], [pair])) {
            $0.publication?.verifiedAt = nil
        }
        #expect(
            readiness(ProviderQuery(provider: Situations.provider), without).publishedAt == Situations.readAt
        )
    }

    @Test func oneConsumerCanBeAskedFor() {
        let sections = Situations.sections(
            [Situations.desired(consumer: "My App"), Situations.desired(consumer: "Other")],
            [Situations.published(consumer: "My App")]
        )
        func outcome(_ consumer: String) -> ProviderReadiness.Outcome {
            readiness(ProviderQuery(provider: Situations.provider, consumer: consumer), sections).outcome
        }
        #expect(outcome("My App") == .ready)
        #expect(outcome("my app") == .ready)
        #expect(outcome("My+App") == .ready)
        guard case .notReady(let reason) = outcome("Other") else {
            Issue.record("Other is pending")
            return
        }
        #expect(reason.code == .pending)
        #expect(outcome("Nobody") == .unknownConsumer)
    }

    @Test func aRevisionIsReadyOnlyOnceItIsInTheBroker() {
        let stale = Situations.sections([Situations.desired()], [Situations.published(sha: Situations.olderSHA)])
        func answer(_ revision: String, _ sections: StateSections) -> ProviderReadiness {
            readiness(ProviderQuery(provider: Situations.provider, revision: revision), sections)
        }
        // Without a revision the older contract is good enough; for whoever waits for the new one it is not.
        #expect(readiness(ProviderQuery(provider: Situations.provider), stale).outcome == .ready)
        guard case .notReady(let waiting) = answer("a1a1a1a", stale).outcome else {
            Issue.record("the new revision is not there yet")
            return
        }
        #expect(waiting.code == .pending)
        #expect(answer("b2b2b2b", stale).outcome == .ready)
        #expect(answer("a1a1a1a", Situations.allPublished).outcome == .ready)
        guard case .notReady(let unknown) = answer("fffffff", stale).outcome else {
            Issue.record("nobody desires that revision")
            return
        }
        #expect(unknown.code == .revisionUnknown)
    }

    @Test func aRefusedRevisionSaysSoAlthoughAnOlderOneIsThere() {
        var pair = Situations.published(sha: Situations.olderSHA)
        pair.failure = Situations.failed().failure
        let sections = Situations.sections([Situations.desired()], [pair])
        let query = ProviderQuery(provider: Situations.provider, revision: "a1a1a1a")
        guard case .notReady(let reason) = readiness(query, sections).outcome else {
            Issue.record("the new revision was refused")
            return
        }
        #expect(reason.code == .failed)
        #expect(reason.detail.contains("the broker's own text"))
    }

    @Test func onlyTheRunOfTheProcessesSectionCountsForAServerThatRunsAlone() {
        let sections = Situations.changed(Situations.allPublished) {
            $0.source = Situations.source([], run: "run-0")
        }
        let snapshot = RunSnapshot(
            sections: sections,
            supervisedRun: nil,
            bootID: Situations.boot,
            readAt: Situations.readAt
        )
        #expect(snapshot.run == Situations.run)
        #expect(snapshot.sections.source == nil)
        let withoutManager = StateSections(source: Situations.source([Situations.desired()], run: "run-7"))
        let alone = RunSnapshot(
            sections: withoutManager,
            supervisedRun: nil,
            bootID: Situations.boot,
            readAt: Situations.readAt
        )
        #expect(alone.run == "run-7")
        #expect(alone.contracts.count == 1)
    }

    @Test func whatAnotherBootLeftBehindIsNoRunForAServerThatRunsAlone() {
        let sections = Situations.changed(Situations.allPublished) {
            $0.processes = Situations.processes(boot: "boot-0")
        }
        let rebooted = Situations.situation(sections, supervised: false)
        #expect(rebooted.view.snapshot.isEmpty)
        let reason = ProviderReadiness(ProviderQuery(provider: Situations.provider), rebooted).outcome
        if case .notReady = reason { return }
        Issue.record("\(reason)")
    }

    @Test func aCheckInTheFutureIsOfAnotherBootAndNoKnowledge() {
        let sections = Situations.changed(Situations.allPublished) {
            $0.broker?.checked = Situations.now + .seconds(30)
        }
        #expect(Situations.situation(sections).blockers().first?.code == .publisherSilent)
        #expect(!Situations.situation(sections).isBrokerHealthy)
    }

    @Test func livenessOfAServerThatRunsAloneDependsOnNobody() {
        let alone = Liveness(Situations.situation(Situations.allPublished, supervised: false, tick: 301))
        #expect(alone.isAlive && !alone.isSupervised && alone.tickAge == nil)
        let supervised = Liveness(Situations.situation(Situations.allPublished, tick: 301))
        #expect(!supervised.isAlive && supervised.isSupervised && supervised.tickAge == .seconds(299))
        let rebooted = Situations.changed(Situations.allPublished) {
            $0.processes = Situations.processes(boot: "boot-0")
        }
        #expect(!Liveness(Situations.situation(rebooted, tick: 301)).isSupervised)
    }
}
