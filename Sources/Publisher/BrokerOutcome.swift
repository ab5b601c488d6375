import Shared
import SharedHTTP

/// What an answer of the broker, or its absence, means for the publisher.
enum BrokerOutcome: Equatable, Sendable {
    /// The heartbeat is well.
    case alive
    /// The dependencies are well, or the broker is too old to tell.
    case databaseUp
    case databaseDown(String)
    /// The index of a Pact Broker.
    case index(PublishingWay)
    /// The bulk read.
    case latest([LatestPact])
    /// One version of one pair.
    case pact(PactVersion)
    /// The pair or version is not in the broker.
    case absent
    case published(PublishNotices)
    /// A pacticipant or a label was created, or was there already.
    case created
    /// Worth repeating: nothing is wrong with what we sent.
    case transient(Transient)
    /// 401, or what a broker says to credentials of the wrong kind.
    case unauthorized(String)
    case forbidden(String)
    /// 409: the version already has other content. `jsonPaths` as far as the broker's text shows them.
    case contentConflict(String, jsonPaths: [String])
    /// 409: a new pacticipant's name is too similar to another's; `name` is the new one, if the text names it.
    case similarName(String, name: String?)
    /// The broker refuses this contract for good.
    case rejected(status: Int, String)
    /// 500 with the broker well: locked database or a bug on this input; the two look alike.
    case brokerError(String, reference: String?)
    /// No such path: wrong base URL, or a broker that is too old.
    case noSuchEndpoint(String)
    case notABroker(String)

    /// A read that was answered so fails again until somebody changes something.
    var isRefusalOfRead: Bool {
        switch self {
        case .unauthorized, .forbidden, .notABroker, .noSuchEndpoint, .rejected: true
        case .alive, .databaseUp, .databaseDown, .index, .latest, .pact, .absent, .published, .created, .transient,
            .contentConflict, .similarName, .brokerError:
            false
        }
    }

    /// A passing failure.
    struct Transient: Equatable, Sendable {
        var cause: Cause
        /// One sentence.
        var text: String
        /// The `Retry-After` header, in seconds form.
        var retryAfter: Duration?

        /// Who failed.
        enum Cause: Equatable, Sendable {
            case transport(TransportError.Kind)
            case http(Int)
        }
    }
}

/// One pair in the broker's `/pacts/latest`.
struct LatestPact: Equatable, Sendable {
    var key: PairKey
    var version: String
    /// As the broker wrote it.
    var createdAt: String?
}

/// One version of one pair as the broker serves it.
struct PactVersion: Equatable, Sendable {
    /// The consumer version number, where the answer names it.
    var version: String?
    var createdAt: String?
    /// The pact version's SHA by the broker's algorithm.
    var sha: String?
}

/// What the broker remarked about a successful publication.
struct PublishNotices: Equatable, Sendable {
    /// Texts of notices of the types `warning` and `error`: existing content was overwritten and the like.
    var warnings: [String] = []
    /// All contracts were there already with the same content.
    var isUnchanged = false
}
