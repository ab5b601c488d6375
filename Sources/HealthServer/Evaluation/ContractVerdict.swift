internal import Shared

/// Rows 8 to 14 of docs/endpoints.md's table: what the contracts themselves say, per `READINESS_MODE`.
struct ContractVerdict: Sendable {
    private let snapshot: RunSnapshot
    private var counts: ContractCounts { snapshot.counts }

    init(snapshot: RunSnapshot) {
        self.snapshot = snapshot
    }

    /// What the contracts say against being ready in `mode`; a ConfigMap that was never delivered comes first.
    func readiness(_ mode: Settings.ReadinessMode) -> [Reason] {
        switch mode {
        case .broker: []
        case .settled: missingPart + settled
        case .strict: missingPart + strict
        case .any: missingPart + any
        }
    }

    /// As the ancestor's `/ready` says it: one published contract is enough, whatever else is missing.
    var ready: [Reason] { noneReady.isEmpty ? [] : missingPart + noneReady }

    private var missingPart: [Reason] { snapshot.sections.source?.missingPart.map { [$0] } ?? [] }

    /// The table: everything settled, and something published unless nothing is desired.
    private var settled: [Reason] {
        if isEmptyOnPurpose { return [] }
        if counts.unsettled > 0 { return [pending] }
        return counts.ready > 0 ? [] : noneReady
    }

    /// As ``settled``, and every desired pair is in the broker.
    private var strict: [Reason] {
        var reasons = settled
        if !reasons.isEmpty { return reasons }
        if counts[.failed] > 0 { reasons.append(failed) }
        if counts[.invalid] > 0 { reasons.append(invalid) }
        return reasons
    }

    /// At least one pair is in the broker, or nothing is desired.
    private var any: [Reason] { isEmptyOnPurpose ? [] : noneReady }

    /// Why no pair at all is in the broker; empty if one is.
    private var noneReady: [Reason] {
        guard counts.ready == 0 else { return [] }
        var reasons: [Reason] = []
        if counts.unsettled > 0 { reasons.append(pending) }
        if counts[.failed] > 0 { reasons.append(failed) }
        if counts.invalid > 0 { reasons.append(invalid) }
        return reasons.isEmpty ? [noContracts] : reasons
    }

    var warnings: [Reason] {
        var warnings: [Reason] = []
        if let source = snapshot.sections.source, source.status == .lost {
            warnings.append(
                Reason(
                    code: .sourceStale,
                    detail: "\(source.description) cannot be read now, the last good set counts: \(source.detail ?? "")"
                )
            )
        }
        if let fallback = snapshot.sections.source?.fallback { warnings.append(fallback) }
        if snapshot.sections.source?.status == .present || snapshot.sections.source?.status == .lost {
            if isEmptyOnPurpose { warnings.append(noContracts) }
        }
        warnings += (snapshot.sections.source?.warnings ?? [])
            .filter { text in
                !warnings.contains { $0.detail.contains(text) }
            }
            .map { Reason(code: .sourceWarning, detail: $0) }
        if counts[.failed] > 0 { warnings.append(failed) }
        if counts.invalid > 0 { warnings.append(invalid) }
        if counts[.stale] > 0 {
            warnings.append(
                Reason(
                    code: .stale,
                    detail: "\(counts[.stale]) whose newest revision is not in the broker: \(names(.stale))"
                )
            )
        }
        if counts[.superseded] > 0 {
            let detail = "\(counts[.superseded]) with somebody else's later version: \(names(.superseded))"
            warnings.append(Reason(code: .superseded, detail: detail))
        }
        return warnings
    }

    /// Row 8: the source is there and holds nothing, not even something invalid.
    private var isEmptyOnPurpose: Bool { counts.total == 0 && counts.invalidKeys == 0 }

    private var noContracts: Reason {
        snapshot.sections.source?.empty ?? Reason(code: .noContracts, detail: "the source holds no contract")
    }

    private var pending: Reason {
        let open = "\(counts.unsettled) of \(counts.total) not proven to be in the broker yet"
        return Reason(code: .pending, detail: "\(open): \(names(.pending, .publishing))")
    }

    private var failed: Reason {
        Reason(code: .failed, detail: "\(counts[.failed]) refused by the broker: \(names(.failed))")
    }

    private var invalid: Reason {
        var details: [String] = []
        if counts[.invalid] > 0 {
            details.append("\(counted(counts[.invalid], "contract")) without valid content: \(names(.invalid))")
        }
        if let keys = snapshot.sections.source?.invalidKeys(atMost: Self.namedAtMost) {
            details.append("\(counted(counts.invalidKeys, "file")) without a valid contract: \(keys)")
        }
        return Reason(code: .invalid, detail: details.joined(separator: "; "))
    }

    private static let namedAtMost = 3

    /// The first few pairs in one of `states`, each with what is known about why.
    private func names(_ states: PairState...) -> String {
        let matching = snapshot.contracts.lazy.filter { states.contains($0.state) }
        let named = matching.prefix(Self.namedAtMost)
            .map { contract in
                "\(contract.desired.consumer) → \(contract.desired.provider)"
                    + (contract.detail.map { " (\(StateLimits.cut($0, to: 200)))" } ?? "")
            }
        let count = states.reduce(0) { $0 + counts[$1] }
        let rest = count > named.count ? " and \(count - named.count) more" : ""
        return named.joined(separator: "; ") + rest
    }
}
