/// One version of a pacticipant, with its labels.
struct ConsumerVersion: Sendable, Codable {
    var number: String
    /// Creation order among the versions of this pacticipant: the greatest is the latest, whatever the number says.
    var order: Int
    var createdAt: BrokerTime
    var updatedAt: BrokerTime?
    var buildURL: String?
    var branches: [Label] = []
    var tags: [Label] = []

    /// A tag, or membership in a branch.
    struct Label: Sendable, Codable {
        var name: String
        var createdAt: BrokerTime
        var updatedAt: BrokerTime?
    }

    func hasTag(_ tag: String) -> Bool { tags.contains { $0.name == tag } }
    func isOnBranch(_ branch: String) -> Bool { branches.contains { $0.name == branch } }
}
