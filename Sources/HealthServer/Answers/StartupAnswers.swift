internal import Shared

extension Answer {
    /// `/startup`: 200 once every provider is ready or the fallback is over, else 503.
    static func startup(_ verdict: StartupVerdict, rules: EvaluationRules) -> Answer {
        let body = JSONWriter.object { writer in
            writer.field("status", verdict.outcome.text)
            writer.field("degraded", verdict.outcome == .degraded)
            writer.field("reason", ifPresent: verdict.missing?.code)
            writer.field("detail", ifPresent: verdict.missing?.detail)
            if let left = verdict.timeLeft { writer.field("fallback_in_seconds", seconds(left)) }
            writer.array("providers", verdict.providers) { $0.write(startup: $1) }
        }
        guard verdict.outcome == .waiting else { return Answer(status: 200, body: body) }
        var wait = retryAfter(verdict.missing?.reason, rules)
        if let left = verdict.timeLeft { wait = min(wait, seconds(left)) }
        return Answer(status: 503, body: body, retryAfter: wait)
    }

    /// Whole seconds, rounded up, so that a second later is never too early.
    private static func seconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds) + (duration.components.attoseconds > 0 ? 1 : 0)
    }
}

extension StartupVerdict.Outcome {
    fileprivate var text: String {
        switch self {
        case .ready: "ready"
        case .degraded: "degraded"
        case .waiting: "waiting"
        }
    }
}

extension JSONWriter {
    /// One provider, with the keys that `/providers` has for it.
    fileprivate mutating func write(startup readiness: ProviderReadiness) {
        let missing = StartupVerdict.Missing(readiness)
        object { writer in
            writer.field("provider", readiness.provider)
            writer.field("ready", missing == nil)
            writer.field("state", readiness.state)
            writer.field("published_at", orNull: readiness.publishedAt?.text)
            writer.field("reason", ifPresent: missing?.code)
            writer.field("detail", ifPresent: missing?.detail)
        }
    }
}
