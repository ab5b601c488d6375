internal import Shared

/// The answer of `/startup` as a value: whether a mock server may start, and whether with its contract.
struct StartupVerdict: Sendable {
    /// Of each provider that was asked about, in that order.
    var providers: [ProviderReadiness]
    var outcome: Outcome
    /// Until the fallback; `nil` without one, and once it is over.
    var timeLeft: Duration?
    /// What the first provider that is not ready lacks; `nil` if all are.
    var missing: Missing?

    enum Outcome: Equatable, Sendable {
        case ready
        /// The deadline passed: whoever waits starts without the contract.
        case degraded
        case waiting
    }

    /// A reason that a provider's own answer gives, or that it is not known at all.
    struct Missing: Equatable, Sendable {
        var code: String
        var detail: String
        /// `nil` for a provider or consumer that nobody has heard of.
        var reason: Reason?

        /// - Returns: `nil` if nothing is missing.
        init?(_ readiness: ProviderReadiness) {
            switch readiness.outcome {
            case .ready: return nil
            case .notReady(let reason):
                self.init(code: reason.code.text, detail: reason.detail, reason: reason)
            case .unknownProvider:
                self.init(
                    code: "unknown_provider",
                    detail:
                        "no contract for the provider '\(StateLimits.cut(readiness.provider, to: 200))' is in the source"
                )
            case .unknownConsumer:
                self.init(
                    code: "unknown_consumer",
                    detail: "the provider '\(StateLimits.cut(readiness.provider, to: 200))' has no contract with the "
                        + "consumer that was asked for"
                )
            }
        }

        private init(code: String, detail: String, reason: Reason? = nil) {
            self.code = code
            self.detail = detail
            self.reason = reason
        }
    }

    init(_ query: StartupQuery, _ situation: Situation) {
        let blocker = ProviderReadiness.blocker(situation)
        providers = query.providers.map { name in
            ProviderReadiness(
                ProviderQuery(provider: name, consumer: query.consumer),
                snapshot: situation.view.snapshot,
                blocker: blocker
            )
        }
        missing = providers.lazy.compactMap { Missing($0) }.first
        guard missing != nil else {
            outcome = .ready
            return
        }
        guard let fallback = query.fallback else {
            outcome = .waiting
            return
        }
        let left = situation.startOfRun + fallback - situation.now
        outcome = left > .zero ? .waiting : .degraded
        if left > .zero { timeLeft = left }
    }
}

extension Situation {
    /// From when deadlines count: the manager's start in this run, else our own. A time that has not come yet is of
    /// another boot.
    fileprivate var startOfRun: MonotonicTime {
        guard let started = sections.processes?.manager.started, started <= now else { return rules.started }
        return started
    }
}
