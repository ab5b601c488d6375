import Shared

extension PairRecord {
    /// Content that is in the broker.
    struct Proof: Equatable, Sendable {
        var sha256: String
        var version: String
        var createdAt: String?
        /// The pact version's SHA, once a single read of this version has given it.
        var pactVersionSHA: String?
        /// Seen in a read since the broker was last away; false for what a predecessor of the same run has left.
        var isConfirmed: Bool
        /// The broker's date of it has changed since its content was read.
        var hasMoved = false
    }

    /// Content that the broker has accepted.
    struct Sent: Equatable, Sendable {
        var sha256: String
        var version: String
        var acceptedAt: MonotonicTime?
        /// The broker said that it had the same content under this version already.
        var wasThere = false
        /// A read after the answer did not prove it: the next one comes with the next check.
        var isLookedFor = false
    }

    /// A refusal for good.
    struct Failure: Equatable, Sendable {
        var published: PublishedPair.Failure
        /// `nil`: not before something changes.
        var retryAt: MonotonicTime?

        /// The kind of a failure that is no answer of the broker: somebody writes over what we publish.
        static let overwritten = "overwritten"
    }

    /// The broker's own name of a content.
    struct KnownSHA: Equatable, Sendable {
        var sha256: String
        var pactVersionSHA: String
    }

    /// Our version was read with another SHA than expected.
    struct Doubt: Equatable, Sendable {
        var sha: String
        var version: String
        var createdAt: String?
        /// What the broker remarked about our repeated publication.
        var answer: PublishNotices?
        /// Written once more, after we had given up.
        var hasMoved = false
    }
}

// MARK: What follows from it

extension PairRecord {
    /// Publishing under `version` has to be done (again) at `now`.
    func needsPublishing(as version: String, now: MonotonicTime) -> Bool {
        isUnpublished(as: version) && mayBePublished(now)
    }

    /// Neither a refusal nor a pause stands in the way at `now`.
    func mayBePublished(_ now: MonotonicTime) -> Bool {
        if let failure, failure.published.sha256 == desired.sha256, failure.retryAt.map({ now < $0 }) ?? true {
            return false
        }
        if let notBefore, now < notBefore { return false }
        return true
    }

    /// When ``mayBePublished(_:)`` may become true by itself; `nil` if never.
    var dueTime: MonotonicTime? {
        let retry = failure?.published.sha256 == desired.sha256 ? failure?.retryAt : nil
        guard let retry, let notBefore else { return retry ?? notBefore }
        return max(retry, notBefore)
    }

    /// Where it is queued while it is unpublished; `nil`: among the suspects.
    var publicationList: PairTable.List? {
        if batchLimit != nil { return nil }
        return failure == nil ? .unpublished : .refused
    }

    /// The desired content still has to get into the broker under `version`, refused for now or not.
    func isUnpublished(as version: String) -> Bool { !isAccepted(as: version) && !isSettledElsewhere }

    /// The desired content is in the broker under `version`, proven or at least accepted. What was accepted last
    /// counts: it is the broker's latest.
    func isAccepted(as version: String) -> Bool {
        if let sent { return sent.sha256 == desired.sha256 && sent.version == version }
        return verified?.sha256 == desired.sha256 && verified?.version == version
    }

    /// `version` holds, or may hold, another content of this pair than the desired one.
    func occupies(_ version: String) -> Bool {
        (sent?.version == version && sent?.sha256 != desired.sha256)
            || (verified?.version == version && verified?.sha256 != desired.sha256)
    }

    private var isSettledElsewhere: Bool {
        superseded != nil && sent == nil && verified?.sha256 == desired.sha256
    }

    /// A list that names `latest` changes what is known of the pair.
    func isNews(latest: String?) -> Bool { sent?.isLookedFor == false || latestSeen != latest }

    /// A list that names the proven version with this date changes what is known of it.
    func isNews(createdAt: String?) -> Bool {
        verified.map { superseded != nil || !$0.isConfirmed || $0.createdAt != createdAt } ?? false
    }

    /// Nothing will change by itself soon: proven, failed or superseded.
    var isSettled: Bool {
        if sent?.sha256 == desired.sha256, verified?.sha256 != desired.sha256 { return false }
        return verified?.sha256 == desired.sha256 || failure?.published.sha256 == desired.sha256
    }

    /// The version whose content has to be read, because the list of pacts cannot tell.
    var versionToRead: String? {
        if let sent { return sent.isLookedFor && (doubt != nil || superseded != nil) ? sent.version : nil }
        if let doubt { return doubt.hasMoved ? doubt.version : nil }
        guard let verified else { return nil }
        return verified.hasMoved || (superseded != nil && !verified.isConfirmed) ? verified.version : nil
    }

    /// Where pairs are read one by one: the latest version has to be read.
    var isToBeReadAlone: Bool {
        // Of a superseded pair the latest is somebody else's: its own version is read.
        sent.map { !$0.isLookedFor } ?? (verified?.isConfirmed == false && superseded == nil)
    }

    /// No failed read stands in the way of the next.
    func mayBeRead(_ now: MonotonicTime) -> Bool { readNotBefore.map { now >= $0 } ?? true }

    /// It may be the rolling check's next one.
    func isReadable(_ now: MonotonicTime) -> Bool {
        verified != nil && mayBeRead(now)
    }

    /// The broker's SHA of a content of ours, if a read has shown it.
    func knownSHA(of content: String) -> String? { knownSHAs.first { $0.sha256 == content }?.pactVersionSHA }

    /// The content whose SHA, as we compute it, would help to judge a read of `version`: nothing is known of it.
    func contentToCompare(under version: String) -> String? {
        var content: String?
        if let sent, sent.version == version {
            content = sent.sha256
        } else if let verified, verified.version == version {
            content = verified.sha256
        } else if let doubt, doubt.hasMoved, doubt.version == version {
            content = desired.sha256
        }
        return content.flatMap { knownSHA(of: $0) == nil ? $0 : nil }
    }
}
