import Shared

/// How a broker takes contracts, as its index tells.
enum PublishingWay: Equatable, Sendable {
    /// `POST /contracts/publish`: several contracts of one consumer with branch and tags in one transaction (since 2.86).
    case batches
    /// `PUT …/version/V` for each contract, then branch, tags and build URL of the version one by one.
    case single(branches: Bool)
    /// Neither: nothing can be published.
    case none

    /// - Parameter links: `_links` of the index.
    init(links: JSONObject) {
        if links["pb:publish-contracts"] != nil {
            self = .batches
        } else if links["pb:publish-pact"] != nil {
            self = .single(branches: links["pb:pacticipant-branch-version"] != nil)
        } else {
            self = .none
        }
    }

    /// Contracts go out one by one.
    var isSingle: Bool {
        if case .single = self { true } else { false }
    }
}

/// What a consumer version is given after its contracts, where one request cannot carry both.
struct VersionLabel: Hashable, Sendable {
    var consumer: String
    var version: String
    var kind: Kind

    /// What is recorded.
    enum Kind: Hashable, Sendable {
        case branch(String)
        case tag(String)
        case buildURL(String)
    }
}
