import Shared

/// What the plan knows of one desired pair.
struct PairRecord: Equatable, Sendable {
    var desired: DesiredContent
    /// Accepted by the broker and seen in a later read.
    var verified: Proof?
    /// Accepted by the broker, not seen yet.
    var sent: Sent?
    var failure: Failure?
    /// Somebody else's later version, after our answers to it were used up.
    var superseded: PublishedPair.Superseded?
    /// The version that the last read named for the pair: somebody else's version that was there already when we
    /// published is old, not an answer to us.
    var latestSeen: String?
    /// Publications tried for the desired content.
    var attempts = 0
    /// The last failure that is repeated by itself.
    var lastError: String?
    /// Not to be sent before this time.
    var notBefore: MonotonicTime?

    init(desired: DesiredContent) {
        self.desired = desired
    }

    /// Content that is in the broker.
    struct Proof: Equatable, Sendable {
        var sha256: String
        var version: String
        var createdAt: String?
        /// The pact version's SHA, once the rolling check has read it.
        var pactVersionSHA: String?
        /// Seen in a read of this process; false for what a predecessor of the same run has left.
        var isConfirmed: Bool
    }

    /// Content that the broker has accepted.
    struct Sent: Equatable, Sendable {
        var sha256: String
        var version: String
        /// A read after the answer did not prove it: the next one comes with the next check.
        var isLookedFor = false
    }

    /// A refusal for good.
    struct Failure: Equatable, Sendable {
        var published: PublishedPair.Failure
        var retryAt: MonotonicTime
    }

    /// Publishing under `version` has to be done (again) at `now`.
    func needsPublishing(as version: String, now: MonotonicTime) -> Bool {
        if isAccepted(as: version) || isSettledElsewhere { return false }
        if let failure, failure.published.sha256 == desired.sha256, now < failure.retryAt { return false }
        if let notBefore, now < notBefore { return false }
        return true
    }

    /// When ``needsPublishing(as:now:)`` may become true by itself; `nil` if never.
    func dueTime(as version: String) -> MonotonicTime? {
        if isAccepted(as: version) || isSettledElsewhere { return nil }
        let retry = failure?.published.sha256 == desired.sha256 ? failure?.retryAt : nil
        return [retry, notBefore].compactMap { $0 }.max()
    }

    /// The desired content is in the broker under `version`, proven or at least accepted.
    func isAccepted(as version: String) -> Bool {
        if let sent, sent.sha256 == desired.sha256, sent.version == version { return true }
        if let verified, verified.sha256 == desired.sha256, verified.version == version { return verified.isConfirmed }
        return false
    }

    /// `version` holds, or may hold, another content of this pair than the desired one.
    func occupies(_ version: String) -> Bool {
        (sent?.version == version && sent?.sha256 != desired.sha256)
            || (verified?.version == version && verified?.sha256 != desired.sha256)
    }

    private var isSettledElsewhere: Bool { superseded != nil && verified?.sha256 == desired.sha256 }

    /// Nothing will change by itself soon: proven, failed or superseded.
    var isSettled: Bool {
        if sent?.sha256 == desired.sha256, verified?.sha256 != desired.sha256 { return false }
        return verified?.sha256 == desired.sha256 || failure?.published.sha256 == desired.sha256
    }
}

/// What the plan knows of one consumer: a version number belongs to all its contracts.
struct ConsumerRecord: Equatable, Sendable {
    /// The version its contracts are published under now; empty before the first decision.
    var version = ""
    /// Digest of the desired set, for the versions' suffix.
    var digest = ""
    /// Versions that hold something else, or were no longer the latest: not to be chosen again for new content.
    var used: Set<String> = []
    /// Answers given to somebody else's later versions since our content changed.
    var answers = 0
    /// 409 answers in a row.
    var conflicts = 0

    /// Answers to somebody else before the pair counts as superseded.
    static let maximumAnswers = 3
    /// 409 answers in a row before a pair counts as failed: suffixes carry a digest of the content, so more than two can
    /// only be an answer that is not understood.
    static let maximumConflicts = 5

    /// Marks a version as not to be chosen again. Bounded; the oldest knowledge is found out again by asking.
    mutating func retire(_ version: String) {
        if used.count >= 1000 { used = [] }
        used.insert(version)
    }
}
