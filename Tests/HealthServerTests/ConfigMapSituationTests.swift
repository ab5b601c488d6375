import Shared
import TestSupport
import Testing

@testable import HealthServer

extension Situations {
    static func configMap(
        _ name: String,
        _ presence: ConfigMapState.Presence = .present,
        wasDelivered: Bool = true
    ) -> ConfigMapState {
        var configMap = ConfigMapState(namespace: "pact", name: name)
        configMap.connection = .watching
        configMap.presence = presence
        configMap.wasDelivered = wasDelivered
        return configMap
    }

    /// The same, but contracts come through the Kubernetes API.
    static func throughAPI(_ sections: StateSections, _ configMaps: [ConfigMapState]) -> StateSections {
        changed(sections) {
            $0.source?.origin = SourceState.apiOrigin
            let names = configMaps.map(\.fullName).joined(separator: ", ")
            $0.source?.description = (configMaps.count == 1 ? "ConfigMap " : "ConfigMaps ") + names
            $0.source?.configMaps = configMaps
        }
    }
}

/// What the probes say of ConfigMaps that are missing, deleted or cannot be asked for.
@Suite struct ConfigMapSituationTests {
    private typealias S = Situations

    private func detail(_ configMap: ConfigMapState) throws -> String {
        let sections = S.throughAPI(S.allPublished, [S.configMap("a"), configMap])
        let evaluation = ProbeEvaluation(S.situation(sections))
        #expect(evaluation.readiness.reasons.map(\.code) == [.sourceMissing])
        return try #require(evaluation.readiness.detail)
    }

    @Test func readinessNamesTheConfigMapAndWhyItIsMissing() throws {
        var configMap = S.configMap("b", .absent, wasDelivered: false)
        #expect(try detail(configMap) == "ConfigMap pact/b does not exist; the others are followed")
        configMap.presence = .unknown
        #expect(try detail(configMap) == "ConfigMap pact/b is not read yet; the others are followed")
        configMap.problem = ConfigMapState.Problem(code: "forbidden", detail: "grant the Role rule")
        let forbidden = "ConfigMap pact/b cannot be read (forbidden): grant the Role rule; the others are followed"
        #expect(try detail(configMap) == forbidden)
    }

    @Test func ofManyMissingOnesThreeAreNamed() throws {
        let names = ["b", "c", "d", "e", "f"].map { S.configMap($0, .absent, wasDelivered: false) }
        let sections = S.throughAPI(S.allPublished, [S.configMap("a")] + names)
        let detail = try #require(ProbeEvaluation(S.situation(sections)).readiness.detail)
        #expect(detail.contains("pact/d does not exist and 2 more;") && !detail.contains("pact/e"), "\(detail)")
    }

    @Test func theContractsOwnReasonsFollow() {
        let pending = S.sections([S.desired()], [])
        let missing = [S.configMap("a"), S.configMap("b", .absent, wasDelivered: false)]
        let evaluation = ProbeEvaluation(S.situation(S.throughAPI(pending, missing)))
        #expect(evaluation.readiness.reasons.map(\.code) == [.sourceMissing, .pending])
        #expect(evaluation.ready.reasons.map(\.code) == [.sourceMissing, .pending])
    }

    @Test func theListIsNotSyncedWhileAConfigMapIsMissing() throws {
        let missing = [S.configMap("a"), S.configMap("b", .absent, wasDelivered: false)]
        for (configMaps, isSynced) in [(missing, false), ([S.configMap("a")], true)] {
            let situation = S.situation(S.throughAPI(S.allPublished, configMaps))
            let list = Document.providers(situation.view.snapshot, isBlocked: false)
            let body = try TestJSON(Answer.providers(situation, list: list).body)
            #expect(body["synced"]?.bool == isSynced)
            #expect(body["reason"]?.string == (isSynced ? nil : "source_missing"))
            #expect(body["providers"]?[1]?["ready"]?.bool == true)
        }
    }

    @Test func anotherConsumersContractMayBeInTheMissingOne() {
        let missing = [S.configMap("a"), S.configMap("b", .absent, wasDelivered: false)]
        func outcome(_ configMaps: [ConfigMapState]) -> ProviderReadiness.Outcome {
            let query = ProviderQuery(provider: S.provider, consumer: "Somebody")
            return ProviderReadiness(query, S.situation(S.throughAPI(S.allPublished, configMaps))).outcome
        }
        #expect(outcome([S.configMap("a")]) == .unknownConsumer)
        guard case .notReady(let reason) = outcome(missing) else {
            Issue.record("a consumer's contract may be in pact/b")
            return
        }
        #expect(reason.code == .sourceMissing)
    }

    @Test func aDirectoryThatStandsInIsAWarningWithTheSourcesOwnWords() {
        let why = "contracts come from the directory /pact-contracts: 403; add to a Role …"
        func warnings(_ origin: String, _ texts: [String], _ status: SourceState.Status = .present) -> [Reason] {
            let sections = S.changed(S.allPublished) {
                $0.source?.origin = origin
                $0.source?.warnings = texts
                $0.source?.status = status
            }
            return ProbeEvaluation(S.situation(sections)).warnings
        }
        let fallback = "directory (API: forbidden)"
        #expect(
            warnings(fallback, ["a subPath mount", why]) == [
                Reason(code: .sourceFallback, detail: why), Reason(code: .sourceWarning, detail: "a subPath mount"),
            ]
        )
        #expect(warnings(fallback, [], .missing).map(\.code) == [.sourceFallback])
        let without = "contracts come from directory /pact-contracts, origin directory (API: forbidden)"
        #expect(warnings(fallback, []).first?.detail == without)
        for origin in ["directory", "API"] {
            #expect(warnings(origin, [why]) == [Reason(code: .sourceWarning, detail: why)], "\(origin)")
        }
        #expect(Reason.Code.sourceFallback.text == "source_fallback")
    }

    @Test func whatIsEmptyBecauseItWasDeletedSaysSo() {
        func detail(_ configMaps: [ConfigMapState], _ warnings: [String] = []) -> String? {
            let sections = S.changed(S.throughAPI(S.sections([], []), configMaps)) { $0.source?.warnings = warnings }
            let evaluation = ProbeEvaluation(S.situation(sections))
            // What the first says of it is not told twice.
            let others = warnings.filter { evaluation.warnings.first?.detail.contains($0) == false }
            #expect(evaluation.warnings.map(\.code) == [.noContracts] + others.map { _ in .sourceWarning })
            #expect(evaluation.ready.detail == evaluation.warnings.first?.detail)
            return evaluation.warnings.first?.detail
        }
        let deleted = S.configMap("a", .absent)
        #expect(detail([S.configMap("a")]) == "ConfigMap pact/a holds no contract")
        #expect(detail([deleted]) == "ConfigMap pact/a holds no contract: ConfigMap pact/a was deleted")
        let own = ["ConfigMap pact/a-b is large", "ConfigMap pact/a was deleted; what is in the broker stays"]
        #expect(detail([deleted], own) == "ConfigMap pact/a holds no contract: \(own[1])")
        let both = "ConfigMaps pact/a, pact/b hold no contract: ConfigMap pact/a was deleted"
        #expect(detail([deleted, S.configMap("b")]) == both)
    }

    @Test func whatIsNotReadYetNamesEveryConfigMap() throws {
        func description(_ names: String, _ source: String) throws -> String {
            let variables = ["CONFIGMAP_NAME": names, "NAMESPACE": "pact", "CONTRACT_SOURCE": source]
            let settings = try Settings(environment: ProcessEnvironment(variables), reads: [])
            return EvaluationRules(settings: settings, isSupervised: true, bootID: "", started: .now())
                .sourceDescription
        }
        #expect(try description("a", "kubernetes") == "ConfigMap pact/a")
        #expect(try description("a,b", "kubernetes") == "ConfigMaps pact/a, pact/b")
        #expect(try description("a", "auto").hasPrefix("ConfigMap pact/a or directory /pact-contracts"))
    }
}

extension ServerTests {
    @Suite struct MissingConfigMapTests {
        private let path = "/providers/GCP-Secret-Manager/ready"

        @Test func whoWaitsForAProviderOfAMissingConfigMapIsHeldAndReleasedWhenItComes() throws {
            let missing = Situations.configMap("b", .absent, wasDelivered: false)
            let without = Situations.throughAPI(
                Situations.sections(
                    [Situations.desired(Situations.otherProvider)],
                    [Situations.published(Situations.otherProvider)]
                ),
                [Situations.configMap("a"), missing]
            )
            let test = try TestServer(without)
            let atTheEnd = try test.client.get("\(path)?wait=50ms")
            #expect(atTheEnd.status == 503)
            #expect(try TestJSON(atTheEnd.body)["reason"]?.string == "source_missing")
            #expect(try test.client.get("/providers/AWS-Secrets-Manager/ready").status == 200)
            #expect(try test.client.get("/readiness").status == 503)
            let connection = try test.connect()
            try connection.get("\(path)?wait=60s")
            try test.wait { $0.waiters == 1 }
            let all = [Situations.configMap("a"), Situations.configMap("b")]
            test.take(Situations.throughAPI(Situations.allPublished, all))
            #expect(try connection.response().status == 200)
            #expect(try test.client.get("/readiness").status == 200)
            #expect(try test.client.get("/providers/Nobody/ready").status == 404)
        }
    }
}
