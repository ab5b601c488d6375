/// What older brokers lack.
enum LeftOut: String, CaseIterable, Sendable {
    /// `POST /contracts/publish`, before 2.86.
    case publishContracts = "publish-contracts"
    /// `/diagnostic/status/dependencies`.
    case dependencies
    /// Branches, before 2.79.
    case branches

    /// Such a request is a 404.
    func covers(_ route: Route) -> Bool {
        switch (self, route) {
        case (.publishContracts, .publishContracts), (.dependencies, .dependencies), (.branches, .branch),
            (.branches, .branchVersion):
            true
        default: false
        }
    }

    /// The relation that the index then lacks.
    var relation: String? {
        switch self {
        case .publishContracts: "pb:publish-contracts"
        case .branches: "pb:pacticipant-branch-version"
        case .dependencies: nil
        }
    }
}
