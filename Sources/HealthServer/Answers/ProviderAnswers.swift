internal import Shared

extension Answer {
    /// Names listed in a 404, so that a misspelt name is seen at once; more are only counted.
    private static let namesInProblem = 100

    /// `/providers/{provider}/ready`. A 200 never says `"ready":false` and always has a `published_at`.
    static func provider(_ readiness: ProviderReadiness, situation: Situation) -> Answer {
        switch readiness.outcome {
        case .ready: return providerReady(readiness)
        case .notReady(let reason): return providerNotReady(readiness, reason, situation.rules)
        case .unknownProvider:
            let name = StateLimits.cut(readiness.provider, to: 200)
            let source = situation.sections.source
            // One of them may be this provider's: who edits a file must not read that it never was there.
            let invalid = source?.invalidKeys()
                .map {
                    ", but \(counted(source?.invalidCount ?? 0, "file")) without a valid contract: \($0)"
                }
            return unknown(
                "no contract for the provider '\(name)' is in the source\(invalid ?? "")",
                provider: readiness.provider,
                key: "knownProviders",
                names: situation.view.snapshot.providers.map(\.name)
            )
        case .unknownConsumer:
            return unknown(
                "the provider '\(readiness.provider)' has no contract with the consumer that was asked for",
                provider: readiness.provider,
                key: "knownConsumers",
                names: readiness.knownConsumers
            )
        }
    }

    private static func providerReady(_ readiness: ProviderReadiness) -> Answer {
        let publishedAt = (readiness.publishedAt ?? UTCTimestamp(milliseconds: 0)).text
        let body = JSONWriter.object { writer in
            writer.field("ready", true)
            writer.field("provider", readiness.provider)
            writer.field("published_at", publishedAt)
            writer.field("state", readiness.state)
            writer.array("contracts", readiness.contracts) { $0.write($1) }
        }
        return Answer(status: 200, body: body)
    }

    private static func providerNotReady(
        _ readiness: ProviderReadiness,
        _ reason: Reason,
        _ rules: EvaluationRules
    ) -> Answer {
        let body = JSONWriter.object { writer in
            writer.field("ready", false)
            writer.field("provider", readiness.provider)
            writer.field("published_at", orNull: nil)
            writer.field("state", readiness.state)
            writer.field("reason", reason.code.text)
            writer.field("detail", reason.detail)
            writer.array("contracts", readiness.contracts) { $0.write($1) }
        }
        return Answer(status: 503, body: body, retryAfter: retryAfter(reason, rules))
    }

    private static func unknown(_ detail: String, provider: String, key: StaticString, names: [String]) -> Answer {
        let body = JSONWriter.object { writer in
            writer.field("type", "about:blank")
            writer.field("title", "Not Found")
            writer.field("status", 404)
            writer.field("detail", detail)
            writer.field("ready", false)
            writer.field("provider", provider)
            writer.field("published_at", orNull: nil)
            writer.field("state", "unknown")
            writer.strings(key, names.prefix(namesInProblem))
            if names.count > namesInProblem { writer.field("more", names.count - namesInProblem) }
        }
        return Answer(status: 404, contentType: problemJSON, body: body)
    }
}

extension JSONWriter {
    /// One contract as the provider endpoints show it: `sha256` is what the broker has, `revision` what it should have.
    mutating func write(_ contract: ContractView) {
        object { writer in
            writer.field("consumer", contract.desired.consumer)
            writer.field("version", orNull: contract.published?.version)
            writer.field("sha256", orNull: contract.published?.verifiedSHA256)
            writer.field("state", contract.state.rawValue)
            writer.field("published_at", orNull: contract.publishedAt?.text)
            writer.field("revision", orNull: contract.desired.sha256)
            writer.field("detail", ifPresent: contract.detail)
            if let failure = contract.published?.failure, !failure.jsonPaths.isEmpty {
                writer.strings("differs_at", failure.jsonPaths[...])
            }
        }
    }
}
