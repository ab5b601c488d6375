import Shared

/// Something that people should read about: one log line and one event each.
enum PlanNote: Equatable, Sendable {
    /// Proven to be in the broker.
    ///
    /// - `wasThere`: The broker had it under this version before we sent it.
    case published(PairKey, version: String, createdAt: String?, isChange: Bool, wasThere: Bool)
    /// A publication did not get through; said once until one does.
    case delayed(consumer: String, contracts: Int, reason: String)
    /// The broker no longer had what we had proven; it is published again.
    case repairing(PairKey, kind: Repair, detail: String)
    case failed(PairKey, PublishedPair.Failure)
    case superseded(PairKey, version: String, createdAt: String?)
    /// All contracts of a consumer move to another version number.
    case versionMoved(consumer: String, from: String, to: String, reason: String)
    /// The pair left the desired set.
    case dropped(PairKey, version: String?)
    /// A warning of the broker about a publication.
    case brokerWarning(consumer: String, text: String)
    case pacticipantCreated(String)
    /// The broker does not take a branch, tag or build URL; the contracts are there all the same.
    case labelRefused(VersionLabel, String)
    /// The contract's file in the state directory is missing or damaged.
    case fileMissing(PairKey, sha256: String)
    /// The bulk answer is too slow or too large: pairs are read one by one for a while.
    case readingOneByOne(String)
    /// A file with certificates or a key has changed.
    case certificatesChanged

    /// What was wrong with a proven pair.
    enum Repair: String, Sendable {
        case missing
        case notLatest = "not_latest"
        case different
    }
}
