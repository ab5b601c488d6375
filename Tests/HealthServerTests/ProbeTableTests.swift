import Shared
import Testing

@testable import HealthServer

/// docs/endpoints.md's table: every row, endpoint and `READINESS_MODE`.
@Suite struct ProbeTableTests {
    @Test(arguments: ProbeTable.rows)
    func everyEndpointAnswersAsTheTableSays(_ row: ProbeRow) throws {
        for mode in Settings.ReadinessMode.allCases {
            let situation = Situations.situation(
                row.sections,
                mode: mode,
                problem: row.problem,
                tick: row.tick,
                isStopping: row.isStopping
            )
            let evaluation = ProbeEvaluation(situation)
            #expect(Answer.liveness(evaluation.liveness).status == row.liveness)
            #expect(Answer.health(evaluation).status == 200)

            let readiness = Answer.readiness(evaluation, rules: situation.rules, since: "then")
            let expected = try #require(row.readiness[mode])
            #expect(try Self.verdict(readiness) == expected, "mode \(mode)")
            try Self.check(readiness, isReady: expected == .yes)

            let ready = Answer.ready(evaluation, rules: situation.rules)
            #expect(try Self.verdict(ready) == row.ready, "mode \(mode)")
            try Self.check(ready, isReady: row.ready == .yes)

            let query = ProviderQuery(provider: Situations.provider)
            let provider = Answer.provider(ProviderReadiness(query, situation), situation: situation)
            try Self.checkProvider(provider, row)
        }
    }

    @Test func theTableIsComplete() {
        let numbers = Set(ProbeTable.rows.compactMap { $0.name.split(separator: " ").first.map(String.init) })
        #expect(numbers.isSuperset(of: (1...14).map(String.init) + ["7b"]))
        let modes = Settings.ReadinessMode.allCases.count
        print(
            "probe table: \(ProbeTable.rows.count) rows x \(modes) modes x 5 endpoints = "
                + "\(ProbeTable.rows.count * modes * 5) answers"
        )
    }

    private static func verdict(_ answer: Answer) throws -> ProbeRow.Expected {
        switch answer.status {
        case 200: .yes
        case 503: .no(try TestJSON(answer.body)["reason"]?.string ?? "none")
        default: .unknown
        }
    }

    /// Keys and types of the ancestor, and that words and code agree.
    private static func check(_ answer: Answer, isReady: Bool) throws {
        let body = try TestJSON(answer.body)
        #expect(body["status"]?.string == (isReady ? "ready" : "not_ready"))
        #expect(body["broker_healthy"]?.bool != nil)
        #expect(body["reasons"]?.count.map { $0 == 0 } == isReady)
        #expect((answer.retryAfter == nil) == isReady)
        #expect(answer.contentType == "application/json")
    }

    private static func checkProvider(_ answer: Answer, _ row: ProbeRow) throws {
        let body = try TestJSON(answer.body)
        switch row.provider {
        case .yes:
            #expect(answer.status == 200)
            #expect(body["ready"]?.bool == true)
            #expect(body["published_at"]?.string == "2024-01-01T00:00:00Z")
            #expect(answer.retryAfter == nil)
        case .no(let reason):
            #expect(answer.status == 503)
            #expect(body["ready"]?.bool == false)
            #expect(body["reason"]?.string == reason)
            #expect(body["detail"]?.string?.isEmpty == false)
            #expect(body["published_at"] == .null)
            #expect(try #require(answer.retryAfter) >= 1)
        case .unknown:
            #expect(answer.status == 404)
            #expect(answer.contentType == "application/problem+json")
            #expect(body["ready"]?.bool == false)
            #expect(body["knownProviders"]?.count == 0)
        }
        if let state = row.providerState { #expect(body["state"]?.string == state) }
    }
}
