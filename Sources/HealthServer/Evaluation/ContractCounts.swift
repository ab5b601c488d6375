internal import Shared

/// How many desired pairs are in which state, and how many files hold no valid contract.
struct ContractCounts: Equatable, Sendable {
    private(set) var byState: [PairState: Int] = [:]
    /// Desired pairs in all.
    private(set) var total = 0
    /// Keys (files) without a valid contract.
    private(set) var invalidKeys = 0

    init(contracts: [ContractView] = [], invalidKeys: Int = 0) {
        for contract in contracts { byState[contract.state, default: 0] += 1 }
        total = contracts.count
        self.invalidKeys = invalidKeys
    }

    subscript(state: PairState) -> Int { byState[state] ?? 0 }

    /// Pairs of which our content, perhaps an older revision, is in the broker.
    var ready: Int { self[.published] + self[.superseded] + self[.stale] }

    /// Pairs that will still change by themselves.
    var unsettled: Int { self[.pending] + self[.publishing] }

    /// What a person calls invalid: pairs without valid content, or keys, whichever are more. A pair in conflict may
    /// or may not have its files among the invalid keys.
    var invalid: Int { max(self[.invalid], invalidKeys) }
}
