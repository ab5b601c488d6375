internal import Shared

/// How many desired pairs are in which state, and how many files hold no valid contract.
struct ContractCounts: Equatable, Sendable {
    private(set) var byState: [PairState: Int] = [:]
    /// Desired pairs in all.
    private(set) var total = 0
    /// Keys (files) without a valid contract.
    private(set) var invalidKeys = 0
    /// Pairs without valid content whose files are not among the invalid keys: each file is a contract, together they
    /// are none.
    private(set) var conflicts = 0

    /// - Parameter invalid: The keys that are known by name; `invalidKeys` counts all.
    init(contracts: [ContractView] = [], invalidKeys: Int = 0, invalid: [SourceState.InvalidKey] = []) {
        let names = Set(invalid.map(\.key))
        conflicts = contracts.filter { $0.state == .invalid && names.isDisjoint(with: $0.desired.files) }.count
        for contract in contracts { byState[contract.state, default: 0] += 1 }
        total = contracts.count
        self.invalidKeys = invalidKeys
    }

    subscript(state: PairState) -> Int { byState[state] ?? 0 }

    /// Pairs of which our content, perhaps an older revision, is in the broker.
    var ready: Int { self[.published] + self[.superseded] + self[.stale] }

    /// Pairs that will still change by themselves.
    var unsettled: Int { self[.pending] + self[.publishing] }

    /// What a person has to mend: files without a valid contract, and pairs whose valid files are in conflict.
    var invalid: Int { invalidKeys + conflicts }
}
