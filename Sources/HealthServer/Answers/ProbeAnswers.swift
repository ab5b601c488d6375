internal import Shared

extension Answer {
    /// `/health` and `/healthz`: always 200, as the ancestor's.
    static func health(_ evaluation: ProbeEvaluation) -> Answer {
        let body = JSONWriter.object { writer in
            writer.field("status", "healthy")
            writer.field("broker_healthy", evaluation.brokerHealthy)
            writer.field("pacts_published", evaluation.pactsPublished)
        }
        return Answer(status: 200, body: body)
    }

    /// `/liveness` and `/livez`.
    static func liveness(_ liveness: Liveness) -> Answer {
        Answer(status: liveness.isAlive ? 200 : 503, body: JSONWriter.object { $0.write(liveness) })
    }

    /// `/readiness` and `/readyz`.
    ///
    /// - Parameter since: RFC 3339: when the verdict and its first reason became what they are.
    static func readiness(_ evaluation: ProbeEvaluation, rules: EvaluationRules, since: String) -> Answer {
        let verdict = evaluation.readiness
        let body = JSONWriter.object { $0.write(evaluation, rules: rules, since: since) }
        return Answer(
            status: verdict.isReady ? 200 : 503,
            body: body,
            retryAfter: verdict.isReady ? nil : retryAfter(verdict.reasons.first, rules)
        )
    }

    /// `/ready`, which the ancestor's clients poll.
    static func ready(_ evaluation: ProbeEvaluation, rules: EvaluationRules) -> Answer {
        let verdict = evaluation.ready
        let body = JSONWriter.object { writer in
            writer.field("status", verdict.isReady ? "ready" : "not_ready")
            writer.field("broker_healthy", evaluation.brokerHealthy)
            writer.field("pacts_published", evaluation.pactsPublished)
            writer.strings("published_providers", evaluation.publishedProviders)
            writer.write(verdict)
        }
        return Answer(
            status: verdict.isReady ? 200 : 503,
            body: body,
            retryAfter: verdict.isReady ? nil : retryAfter(verdict.reasons.first, rules)
        )
    }

    /// Whole seconds after which asking again makes sense.
    static func retryAfter(_ reason: Reason?, _ rules: EvaluationRules) -> Int {
        switch reason?.code {
        case .broker, .brokerUnavailable, .publisherSilent:
            // Not before the publisher can have looked again.
            max(1, Int(rules.checkInterval.components.seconds))
        case .failed, .invalid, .sourceMissing, .noContracts:
            // A person must act first.
            5
        case .stopping, .starting, .stateNotWritable, .sourceUnread, .pending, .sourceStale, .sourceFallback,
            .sourceWarning,
            .watcherSilent, .stale, .superseded, .revisionUnknown, nil:
            1
        }
    }
}

extension JSONWriter {
    /// The fields of `/liveness`.
    mutating func write(_ liveness: Liveness) {
        field("status", liveness.isAlive ? "alive" : "wedged")
        field("supervised", liveness.isSupervised)
        if let age = liveness.tickAge { field("supervisor_tick_age_seconds", Int(age.components.seconds)) }
        if !liveness.isAlive {
            field("reason", Liveness.silentCode)
            field("detail", Liveness.silentDetail)
        }
    }

    /// The fields of `/readiness`.
    mutating func write(_ evaluation: ProbeEvaluation, rules: EvaluationRules, since: String) {
        field("status", evaluation.readiness.isReady ? "ready" : "not_ready")
        field("broker_healthy", evaluation.brokerHealthy)
        field("pacts_published", evaluation.pactsPublished)
        write(evaluation.readiness)
        array("warnings", evaluation.warnings) { $0.write($1) }
        field("mode", rules.mode.rawValue)
        field("since", since)
        write(evaluation.counts)
    }

    mutating func write(_ counts: ContractCounts) {
        field("contracts", counts.total)
        field("published", counts[.published])
        field("pending", counts[.pending])
        field("publishing", counts[.publishing])
        field("stale", counts[.stale])
        field("superseded", counts[.superseded])
        field("failed", counts[.failed])
        field("invalid", counts.invalid)
    }

    /// `reason` and `detail` of the first, then all as `reasons`; nothing but an empty list when ready.
    mutating func write(_ verdict: ProbeEvaluation.Verdict) {
        field("reason", ifPresent: verdict.code)
        field("detail", ifPresent: verdict.detail)
        array("reasons", verdict.reasons) { $0.write($1) }
    }

    mutating func write(_ reason: Reason) {
        object { writer in
            writer.field("code", reason.code.text)
            writer.field("detail", reason.detail)
        }
    }
}
