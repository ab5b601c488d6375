internal import Shared

/// The answer of `/providers/{provider}/ready` as a value.
struct ProviderReadiness: Sendable {
    var outcome: Outcome
    /// The provider's own spelling where it is known, else as it was asked for.
    var provider: String
    /// One word over all its contracts: a ``PairState``, or `unknown`.
    var state: String
    /// The contracts that were asked about.
    var contracts: [ContractView]
    /// Consumers that have a contract with the provider; for a 404.
    var knownConsumers: [String]
    /// When the latest of them was published; set if and only if the outcome is ready.
    var publishedAt: UTCTimestamp?

    enum Outcome: Equatable, Sendable {
        case ready
        case notReady(Reason)
        /// Not in the desired set, which has been read as a whole: 404.
        case unknownProvider
        /// The provider is known, the consumer that was asked for has no contract with it: 404.
        case unknownConsumer
    }

    init(_ query: ProviderQuery, _ situation: Situation) {
        self.init(query, snapshot: situation.view.snapshot, blocker: Self.blocker(situation))
    }

    /// - Parameter blocker: Rows 1 to 7, from ``blocker(_:)``; the same for all queries of a situation.
    init(_ query: ProviderQuery, snapshot: RunSnapshot, blocker: Reason?) {
        let known = snapshot.provider(named: query.provider)
        provider = known?.name ?? query.provider
        contracts = known?.contracts ?? []
        knownConsumers = contracts.map(\.desired.consumer)
        publishedAt = nil
        if let name = query.consumer { contracts = known?.contract(ofConsumer: name).map { [$0] } ?? [] }
        state = contracts.isEmpty ? "unknown" : Self.state(of: contracts).rawValue
        if let blocker {
            outcome = .notReady(blocker)
        } else if contracts.isEmpty, let missing = snapshot.sections.source?.missingPart {
            // Its contract may be in the ConfigMap that is not there.
            outcome = .notReady(missing)
        } else if known == nil {
            outcome = .unknownProvider
        } else if contracts.isEmpty {
            outcome = .unknownConsumer
        } else if let revision = query.revision {
            outcome = Self.outcome(of: &contracts, revision: revision, provider: provider)
            state = Self.state(of: contracts).rawValue
        } else {
            let reason = query.consumer == nil ? known?.reason : Self.reason(of: contracts)
            outcome = reason.map { .notReady($0) } ?? .ready
        }
        if outcome == .ready { publishedAt = contracts.compactMap(\.publishedAt).max() }
    }

    /// Rows 1 to 7 as the provider endpoints name them: reading the state and the source is all one `starting`, and
    /// whatever ails the broker is `broker_unavailable`.
    static func blocker(_ situation: Situation) -> Reason? {
        guard let first = situation.blockers().first else { return nil }
        switch first.code {
        case .stateNotWritable, .sourceUnread: return Reason(code: .starting, detail: first.detail)
        case .broker: return Reason(code: .brokerUnavailable, detail: first.detail)
        case .stopping, .starting, .sourceMissing, .publisherSilent, .brokerUnavailable, .pending, .failed, .invalid,
            .noContracts, .sourceStale, .sourceFallback, .sourceWarning, .watcherSilent, .stale, .superseded,
            .revisionUnknown:
            return first
        }
    }

    /// Rows 9 to 14 for one provider's contracts; `nil`: all are in the broker. A pair that never had valid content does
    /// not keep the provider's others back (row 13).
    static func reason(of contracts: [ContractView]) -> Reason? {
        if let open = contracts.first(where: { !$0.state.isSettled }) {
            return Reason(code: .pending, detail: describe(open, "is not proven to be in the broker yet"))
        }
        if let failed = contracts.first(where: { $0.state == .failed }) {
            return Reason(code: .failed, detail: describe(failed, "was refused by the broker"))
        }
        if let invalid = contracts.first, contracts.allSatisfy({ $0.state == .invalid }) {
            return Reason(code: .invalid, detail: describe(invalid, "has no valid content"))
        }
        return nil
    }

    /// A client that waits for its own edit: some pair's proven content has this revision. Only pairs that have it, or
    /// are to have it, count.
    private static func outcome(of contracts: inout [ContractView], revision: String, provider: String) -> Outcome {
        let live = contracts.filter { $0.state.isReady && $0.published?.verifiedSHA256?.hasPrefix(revision) == true }
        if !live.isEmpty {
            contracts = live
            return .ready
        }
        let desired = contracts.filter { $0.desired.sha256?.hasPrefix(revision) == true }
        guard let first = desired.first else {
            let detail = "no contract of \(provider) has the revision \(revision); is the edit in the source yet?"
            return .notReady(Reason(code: .revisionUnknown, detail: detail))
        }
        contracts = desired
        if first.published?.failure?.sha256 == first.desired.sha256, first.desired.sha256 != nil {
            return .notReady(Reason(code: .failed, detail: describe(first, "was refused by the broker")))
        }
        return .notReady(Reason(code: .pending, detail: describe(first, "is not proven to be in the broker yet")))
    }

    private static func describe(_ contract: ContractView, _ what: String) -> String {
        "\(contract.desired.consumer) → \(contract.desired.provider) \(what)"
            + (contract.detail.map { ": \($0)" } ?? "")
    }

    /// The one word: the worst of what matters, in the table's order.
    static func state(of contracts: [ContractView]) -> PairState {
        let order: [PairState] = [.pending, .publishing, .failed, .stale, .superseded, .published, .invalid]
        return order.first { state in contracts.contains { $0.state == state } } ?? .pending
    }
}
