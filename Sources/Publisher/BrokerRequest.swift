import Shared

/// What the publisher asks of the broker; one at a time.
enum BrokerRequest: Equatable, Sendable {
    case heartbeat
    case dependencies
    case index
    /// All pairs with their latest version: the bulk read.
    case latestPacts
    /// The latest version of one pair, where the bulk answer is too large.
    case latestPact(PairKey)
    /// One version of one pair: proves that it is there and carries the pact version's SHA.
    case pactVersion(PairKey, version: String)
    case publish(PublicationBatch)
    case createPacticipant(String)
    /// Branch, tag or build URL of a version, where publications cannot carry them.
    case label(VersionLabel)

    /// Its kind, without its values.
    var kind: Kind {
        switch self {
        case .heartbeat: .heartbeat
        case .dependencies: .dependencies
        case .index: .index
        case .latestPacts: .latestPacts
        case .latestPact: .latestPact
        case .pactVersion: .pactVersion
        case .publish: .publish
        case .createPacticipant: .createPacticipant
        case .label: .label
        }
    }

    /// The kinds, which decide what an answer means.
    enum Kind: String, Sendable, CaseIterable {
        case heartbeat
        case dependencies
        case index
        case latestPacts
        case latestPact
        case pactVersion
        case publish
        case createPacticipant
        case label
    }
}

/// Contracts of one consumer for one request: the broker stores all of them or none.
struct PublicationBatch: Equatable, Sendable {
    var consumer: String
    var version: String
    /// Sent by itself with PUT, to a broker without `/contracts/publish`; then there is one item.
    var isSingle = false
    /// Ordered by provider; never empty (an empty list is a 500 in the broker, measured).
    var items: [Item]

    /// One contract.
    struct Item: Equatable, Sendable {
        var provider: String
        var content: DesiredContent
    }

    var keys: [PairKey] { items.map { PairKey(consumer: consumer, provider: $0.provider) } }
}
