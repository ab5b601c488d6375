internal import Shared

/// What every probe answers in one situation: docs/endpoints.md's table, first match wins.
struct ProbeEvaluation: Sendable {
    var liveness: Liveness
    /// `/readiness`, by `READINESS_MODE`.
    var readiness: Verdict
    /// `/ready`, the ancestor's rule: broker ready and at least one contract published.
    var ready: Verdict
    var brokerHealthy: Bool
    /// At least one pair of ours is in the broker.
    var pactsPublished: Bool
    /// Worth knowing although nothing is refused because of it.
    var warnings: [Reason]
    var counts: ContractCounts
    /// Providers of which every pair is in the broker, by bytes.
    var publishedProviders: [String]

    /// Ready, or everything that speaks against it, the most important first.
    struct Verdict: Equatable, Sendable {
        var reasons: [Reason]
        var isReady: Bool { reasons.isEmpty }
        var code: String? { reasons.first?.code.text }
        var detail: String? { reasons.first?.detail }
    }

    init(_ situation: Situation) {
        let snapshot = situation.view.snapshot
        counts = snapshot.counts
        liveness = Liveness(situation)
        brokerHealthy = situation.isBrokerHealthy
        pactsPublished = counts.ready > 0
        let blockers = situation.blockers()
        let contracts = ContractVerdict(snapshot: snapshot)
        ready = Verdict(reasons: blockers.isEmpty ? contracts.ready : blockers)
        let mode = situation.rules.mode
        let inTheWay = mode == .broker ? situation.blockers(includingSource: false) : blockers
        readiness = Verdict(reasons: inTheWay.isEmpty ? contracts.readiness(mode) : inTheWay)
        warnings = contracts.warnings + (situation.watcherProblem.map { [$0] } ?? [])
        publishedProviders = snapshot.publishedProviders
    }
}
