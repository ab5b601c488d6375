internal import Shared

/// One named part of a probe's verdict, for people who ask a probe with `?verbose`.
struct HealthCheck: Equatable, Sendable {
    var name: String
    /// What speaks against it; `nil`: it passes.
    var failure: Failure?

    struct Failure: Equatable, Sendable {
        var code: String
        var detail: String
    }

    private init(_ name: String, _ reason: Reason?) {
        self.name = name
        failure = reason.map { Failure(code: $0.code.text, detail: $0.detail) }
    }

    /// What `/liveness` is made of: that we answer at all, and the supervisor's tick.
    static func liveness(_ liveness: Liveness) -> [HealthCheck] {
        var supervisor = HealthCheck("supervisor", nil)
        if !liveness.isAlive {
            supervisor.failure = Failure(code: Liveness.silentCode, detail: Liveness.silentDetail)
        }
        return [HealthCheck("ping", nil), supervisor]
    }

    /// What `/readiness` is made of. All pass if and only if `/readiness` is 200.
    ///
    /// Each is judged by itself, so that one that is excluded hides no other. Contracts that are not known do not pass.
    /// With `READINESS_MODE=broker` neither the source nor the contracts count, so they are not named.
    static func readiness(_ situation: Situation) -> [HealthCheck] {
        let mode = situation.rules.mode
        let blockers = situation.blockers(includingSource: mode != .broker)
        let shutdown = blockers.first { $0.code == .stopping }
        let state = situation.unwritten
        var checks = [HealthCheck("shutdown", shutdown), HealthCheck("state", state)]
        if mode != .broker { checks.append(HealthCheck("source", situation.sourceProblem)) }
        checks.append(HealthCheck("broker", situation.brokerProblem))
        if mode != .broker {
            let contracts = ContractVerdict(snapshot: situation.view.snapshot).readiness(mode).first
            checks.append(HealthCheck("contracts", situation.sourceProblem ?? contracts))
        }
        return checks
    }
}
