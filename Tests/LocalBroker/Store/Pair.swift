/// Everything published between one consumer and one provider.
struct Pair: Sendable, Codable {
    /// One version of the consumer with the content it has.
    struct Publication: Sendable, Codable {
        var version: String
        /// The order of that version; a copy, so that the latest is found without the consumer.
        var order: Int
        var sha: String
        var createdAt: BrokerTime
    }

    /// By order of their versions, latest last.
    private(set) var publications: [Publication] = []

    func publication(_ version: String) -> Publication? { publications.last { $0.version == version } }

    /// Adds it, or replaces that of the same version.
    mutating func set(_ publication: Publication) {
        publications.removeAll { $0.version == publication.version }
        let index = publications.firstIndex { $0.order > publication.order } ?? publications.endIndex
        publications.insert(publication, at: index)
    }

    mutating func remove(version: String) {
        publications.removeAll { $0.version == version }
    }
}
