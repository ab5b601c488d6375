import Shared
import Testing

@testable import HealthServer

@Suite struct AnswerTests {
    private func text(_ answer: Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test func healthIsTheAncestorsBodyExactly() {
        let published = ProbeEvaluation(Situations.situation(Situations.allPublished))
        #expect(
            text(.health(published)) == #"{"status":"healthy","broker_healthy":true,"pacts_published":true}"#
        )
        let nothing = ProbeEvaluation(Situations.situation(StateSections()))
        #expect(
            text(.health(nothing)) == #"{"status":"healthy","broker_healthy":false,"pacts_published":false}"#
        )
    }

    @Test func theAncestorsKeysComeFirstAndProvidersAreSorted() {
        let situation = Situations.situation(Situations.allPublished)
        let evaluation = ProbeEvaluation(situation)
        #expect(text(.liveness(evaluation.liveness)).hasPrefix(#"{"status":"alive","#))
        #expect(
            text(.readiness(evaluation, rules: situation.rules, since: "then"))
                .hasPrefix(#"{"status":"ready","broker_healthy":true,"#)
        )
        #expect(
            text(.ready(evaluation, rules: situation.rules))
                .hasPrefix(
                    #"{"status":"ready","broker_healthy":true,"pacts_published":true,"#
                        + #""published_providers":["AWS-Secrets-Manager","GCP-Secret-Manager"],"#
                )
        )
    }

    @Test func aReadyProviderNamesItsContracts() throws {
        let situation = Situations.situation(Situations.allPublished)
        let readiness = ProviderReadiness(ProviderQuery(provider: Situations.provider), situation)
        let answer = Answer.provider(readiness, situation: situation)
        #expect(
            text(answer)
                .hasPrefix(
                    #"{"ready":true,"provider":"GCP-Secret-Manager","published_at":"2024-01-01T00:00:00Z","#
                        + #""state":"published","contracts":[{"consumer":"Secret-Manager-Controller","#
                        + #""version":"main-abc123","sha256":"a1a1"#
                )
        )
        let contract = try #require(try TestJSON(answer.body)["contracts"]?[0])
        #expect(contract["state"]?.string == "published")
        #expect(contract["published_at"]?.string == "2024-01-01T00:00:00Z")
    }

    @Test func theBrokersRefusalIsInTheProvidersAnswer() throws {
        let sections = Situations.sections([Situations.desired()], [Situations.failed()])
        let situation = Situations.situation(sections)
        let readiness = ProviderReadiness(ProviderQuery(provider: Situations.provider), situation)
        let body = try TestJSON(Answer.provider(readiness, situation: situation).body)
        #expect(body["detail"]?.string?.contains("the broker's own text") == true)
    }

    @Test(arguments: [[], ["$.metadata"], ["$.interactions[*].request.path", "$.\"\u{e4}\\"]])
    func aConflictNamesThePlacesThatDiffer(_ places: [String]) throws {
        var failed = Situations.failed()
        failed.failure?.jsonPaths = places
        let situation = Situations.situation(Situations.sections([Situations.desired()], [failed]))
        let list = Document.providers(situation.view.snapshot, isBlocked: false)
        let readiness = ProviderReadiness(ProviderQuery(provider: Situations.provider), situation)
        let all = try TestJSON(Answer.providers(situation, list: list).body)["providers"]?[0]
        let one = try TestJSON(Answer.provider(readiness, situation: situation).body)
        for body in [all, one] {
            let contract = body?["contracts"]?[0]
            #expect(contract?["differs_at"] == (places.isEmpty ? nil : .array(places.map { .string($0) })))
            let suffix = places.isEmpty ? "" : " (differs at \(places.joined(separator: ", ")))"
            #expect(contract?["detail"]?.string == "the broker's own text" + suffix)
        }
    }

    @Test func anUnknownProviderIsToldWhichAreKnown() throws {
        let situation = Situations.situation(Situations.allPublished)
        let readiness = ProviderReadiness(ProviderQuery(provider: "Nobody"), situation)
        let answer = Answer.provider(readiness, situation: situation)
        #expect(answer.status == 404)
        let known = try TestJSON(answer.body)["knownProviders"]
        #expect(known == .array([.string("AWS-Secrets-Manager"), .string("GCP-Secret-Manager")]))
    }

    @Test func countsAndWarningsAreInReadiness() throws {
        let sections = Situations.sections(
            [Situations.desired(Situations.otherProvider), Situations.desired()],
            [Situations.published(Situations.otherProvider), Situations.failed()],
            invalidKeys: 3
        )
        let situation = Situations.situation(sections)
        let answer = Answer.readiness(ProbeEvaluation(situation), rules: situation.rules, since: "then")
        let body = try TestJSON(answer.body)
        #expect(answer.status == 200)
        #expect(body["contracts"]?.int == 2)
        #expect(body["published"]?.int == 1)
        #expect(body["failed"]?.int == 1)
        #expect(body["invalid"]?.int == 3)
        #expect(body["warnings"]?[0]?["code"]?.string == "failed")
        #expect(body["warnings"]?[1]?["code"]?.string == "invalid")
    }

    /// Five files that are no contracts and one pair whose two good files contradict each other: six things to mend.
    @Test func filesAndConflictsAreCountedAndNamedApart() throws {
        let conflict = Situations.desired("P1", consumer: "C1", sha: nil, problem: "a.json and b.json differ")
        let sections = Situations.sections([conflict, Situations.desired()], [Situations.published()], invalidKeys: 5)
        let situation = Situations.situation(sections)
        let evaluation = ProbeEvaluation(situation)
        #expect(evaluation.counts.invalid == 6)
        let detail = try #require(evaluation.warnings.first { $0.code == .invalid }?.detail)
        #expect(detail.hasPrefix("1 contract without valid content: C1 → P1 (a.json and b.json differ); "))
        #expect(detail.contains("5 files without a valid contract: bad-0.json (not JSON); "))
        #expect(detail.hasSuffix(" and 2 more"))
        // A pair that is invalid because of one of those files is no seventh thing.
        var broken = conflict
        broken.files = ["bad-0.json"]
        let both = Situations.sections([broken, Situations.desired()], [Situations.published()], invalidKeys: 5)
        #expect(ProbeEvaluation(Situations.situation(both)).counts.invalid == 5)
    }

    /// After a loss of the state nobody knows whose contract a broken file was.
    @Test func anUnknownProviderIsToldOfInvalidFiles() throws {
        let situation = Situations.situation(
            Situations.sections([Situations.desired()], [Situations.published()], invalidKeys: 1)
        )
        let readiness = ProviderReadiness(ProviderQuery(provider: "Nobody"), situation)
        let detail = try TestJSON(Answer.provider(readiness, situation: situation).body)["detail"]?.string
        #expect(
            detail == "no contract for the provider 'Nobody' is in the source, but 1 file without a valid contract: "
                + "bad-0.json (not JSON)"
        )
    }

    @Test func aSourceThatMayNotBeReadIsNotCalledMissing() {
        let sections = Situations.changed(Situations.allPublished) {
            $0.source = Situations.source([], status: .missing)
            $0.source?.detail = "/pact-contracts may not be read by uid 65534"
        }
        let detail = Situations.situation(sections).blockers().first?.detail
        #expect(detail?.hasSuffix("directory /pact-contracts: /pact-contracts may not be read by uid 65534") == true)
        #expect(detail?.contains("not there") == false)
    }

    /// What was read still holds, but an edit would not be seen.
    /// Phase, age of the watcher's heartbeat, crash loop, age of our own heartbeat: of the section, whether it is told.
    @Test(arguments: [
        (ProcessesState.WorkerPhase.ready, 26, false, 6, false), (.ready, 28, false, 6, true),
        (.ready, 1, true, 1, true), (.starting, 100, false, 6, false), (.waiting, 1, false, 6, true),
        // The state is not written any more: the watcher may be as lively as ever.
        (.ready, 28, false, 18, false), (.ready, 300, false, 290, false),
    ])
    func aSilentWatcherIsAWarning(
        phase: ProcessesState.WorkerPhase,
        age: Int,
        loops: Bool,
        sectionAge: Int,
        isTold: Bool
    ) {
        let sections = Situations.changed(Situations.allPublished) {
            var watcher = ProcessesState.Worker(name: "watcher")
            watcher.phase = phase
            watcher.lastHeartbeat = Situations.now - .seconds(age)
            watcher.crashLooping = loops
            watcher.lastExit = ProcessesState.Exit(code: 1, at: "2026-11-23T01:00:00.000Z")
            var ourselves = ProcessesState.Worker(name: "health-server")
            ourselves.phase = .ready
            ourselves.lastHeartbeat = Situations.now - .seconds(sectionAge)
            $0.processes?.workers = [ourselves, watcher]
        }
        let evaluation = ProbeEvaluation(Situations.situation(sections))
        #expect(evaluation.readiness.isReady)
        #expect(evaluation.warnings.map(\.code) == (isTold ? [.watcherSilent] : []))
    }

    @Test func aLostSourceAndAnEmptyOneAreWarnings() throws {
        let lost = Situations.changed(Situations.allPublished) { $0.source?.status = .lost }
        #expect(ProbeEvaluation(Situations.situation(lost)).warnings.map(\.code) == [.sourceStale])
        let empty = Situations.sections([], [])
        #expect(ProbeEvaluation(Situations.situation(empty)).warnings.map(\.code) == [.noContracts])
    }

    @Test func statusHoldsTheVerdictsAndEverySection() throws {
        let situation = Situations.situation(Situations.allPublished)
        let sections = Document.sections.encode(situation.view.snapshot)
        let answer = Answer.status(
            situation,
            evaluation: ProbeEvaluation(situation),
            since: "then",
            waiters: 3,
            sections: sections
        )
        let body = try TestJSON(answer.body)
        #expect(body["run"]?.string == Situations.run)
        #expect(body["waiters"]?.int == 3)
        #expect(body["readiness"]?["status"]?.string == "ready")
        #expect(body["liveness"]?["supervised"]?.bool == true)
        #expect(body["contracts"]?.count == 2)
        #expect(body["sections"]?["broker"]?["url"]?.string == "http://pact-broker:9292")
        #expect(body["sections"]?["processes"]?["manager"]?["pid"]?.int == 1)
        #expect(body["sections"]?["publication"]?["pairs"]?.count == 2)
        #expect(body["sections"]?["source"]?["pairs"]?.count == 2)
    }

    @Test func providersAreListedWithTheirReadiness() throws {
        let sections = Situations.sections(
            [Situations.desired(Situations.otherProvider), Situations.desired()],
            [
                Situations.published()
            ]
        )
        let situation = Situations.situation(sections)
        let list = Document.providers(isBlocked: false).encode(situation.view.snapshot)
        let body = try TestJSON(Answer.providers(situation, list: list).body)
        #expect(body["synced"]?.bool == true)
        #expect(body["providers"]?[0]?["provider"]?.string == "AWS-Secrets-Manager")
        #expect(body["providers"]?[0]?["ready"]?.bool == false)
        #expect(body["providers"]?[0]?["state"]?.string == "pending")
        #expect(body["providers"]?[1]?["ready"]?.bool == true)
        let blocked = Document.providers(isBlocked: true).encode(situation.view.snapshot)
        #expect(try TestJSON(blocked)[1]?["ready"]?.bool == false)
    }

    @Test func textsFromContractsCannotBreakTheJSON() throws {
        let name = "a\"b\\c\n\u{0}\u{7F}\u{1F600}<script>é"
        let bytes = JSONWriter.object { $0.field("name", name) }
        #expect(try TestJSON(bytes)["name"]?.string == name)
    }
}
