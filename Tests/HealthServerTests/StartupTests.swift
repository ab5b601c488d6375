import Shared
import Testing

@testable import HealthServer

@Suite struct StartupTests {
    private func verdict(
        _ sections: StateSections,
        _ providers: [String] = [Situations.provider],
        consumer: String? = nil,
        fallback: Duration? = nil,
        isStopping: Bool = false
    ) -> StartupVerdict {
        StartupVerdict(
            StartupQuery(providers: providers, consumer: consumer, fallback: fallback),
            Situations.situation(sections, isStopping: isStopping)
        )
    }

    private let pending = Situations.sections([Situations.desired()], [])

    @Test func withoutAFallbackItWaitsForEver() {
        var old = pending
        old.processes?.manager.started = Situations.now - .seconds(1_000_000)
        #expect(verdict(old).outcome == .waiting)
        #expect(verdict(old).timeLeft == nil)
    }

    /// The manager of the situations started 300 s ago.
    @Test(arguments: [
        (Duration.seconds(300), StartupVerdict.Outcome.degraded), (.milliseconds(300_001), .waiting),
        (.zero, .degraded), (.seconds(301), .waiting),
    ])
    func theFallbackCountsFromTheManagersStart(_ fallback: Duration, _ outcome: StartupVerdict.Outcome) {
        let verdict = verdict(pending, fallback: fallback)
        #expect(verdict.outcome == outcome)
        #expect(verdict.timeLeft == (outcome == .waiting ? fallback - .seconds(300) : nil))
    }

    @Test func withoutAManagersStartOursCounts() {
        var rules = Situations.rules()
        rules.started = Situations.now - .seconds(10)
        for processes in [nil, Situations.processes(run: "run-0")] {
            let sections = Situations.changed(pending) { $0.processes = processes }
            var situation = Situations.situation(sections)
            situation.rules = rules
            let query = StartupQuery(providers: ["P"], fallback: .seconds(11))
            #expect(StartupVerdict(query, situation).timeLeft == .seconds(1))
        }
        // A start that has not come yet is of another boot.
        let ahead = Situations.changed(pending) { $0.processes?.manager.started = Situations.now + .seconds(5) }
        var situation = Situations.situation(ahead)
        situation.rules = rules
        let query = StartupQuery(providers: ["P"], fallback: .seconds(10))
        #expect(StartupVerdict(query, situation).outcome == .degraded)
    }

    @Test func allProvidersHaveToBeReady() throws {
        let both = [Situations.otherProvider, Situations.provider]
        #expect(verdict(Situations.allPublished, both).outcome == .ready)
        let one = Situations.changed(Situations.allPublished) {
            $0.publication = Situations.publication([Situations.published(Situations.otherProvider)])
        }
        let waiting = verdict(one, both)
        #expect(waiting.outcome == .waiting && waiting.missing?.code == "pending")
        let body = try TestJSON(Answer.startup(waiting, rules: Situations.rules()).body)
        #expect(body["status"]?.string == "waiting" && body["degraded"]?.bool == false)
        #expect(body["providers"]?[0]?["ready"]?.bool == true && body["providers"]?[1]?["ready"]?.bool == false)
        #expect(body["fallback_in_seconds"] == nil)
    }

    @Test func whatIsNotKnownIsWaitedForAndGivenUp() throws {
        for (names, consumer, code) in [
            (["Nobody"], nil, "unknown_provider"), ([Situations.provider], "Nobody", "unknown_consumer"),
        ] {
            let waiting = verdict(Situations.allPublished, names, consumer: consumer)
            #expect(waiting.outcome == .waiting && waiting.missing?.code == code)
            let over = verdict(Situations.allPublished, names, consumer: consumer, fallback: .seconds(90))
            let answer = Answer.startup(over, rules: Situations.rules())
            let body = try TestJSON(answer.body)
            #expect(answer.status == 200 && answer.retryAfter == nil)
            #expect(body["degraded"]?.bool == true && body["reason"]?.string == code)
        }
        #expect(verdict(Situations.allPublished, consumer: Situations.consumer.uppercased()).outcome == .ready)
    }

    @Test func theNextAttemptIsNoLaterThanTheFallback() throws {
        let failed = Situations.sections([Situations.desired()], [Situations.failed()])
        #expect(Answer.startup(verdict(failed), rules: Situations.rules()).retryAfter == 5)
        let soon = verdict(failed, fallback: .milliseconds(300_900))
        let answer = Answer.startup(soon, rules: Situations.rules())
        #expect(answer.status == 503 && answer.retryAfter == 1)
        #expect(try TestJSON(answer.body)["fallback_in_seconds"]?.int == 1)
    }

    /// A mock server that is to start without its contract shall not be held back by our end.
    @Test func theFallbackHoldsWhileTheManagerStops() {
        #expect(verdict(Situations.allPublished, isStopping: true).outcome == .waiting)
        #expect(verdict(Situations.allPublished, fallback: .seconds(1), isStopping: true).outcome == .degraded)
    }
}
