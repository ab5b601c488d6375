/// What the plan knows of one consumer: a version number belongs to all its contracts.
struct ConsumerRecord: Equatable, Sendable {
    /// The version its contracts are published under now; empty before the first decision.
    private(set) var version = ""
    /// Digest of the desired set, for the versions' suffix.
    private(set) var digest = ""
    /// Versions that hold something else, or were no longer the latest: not to be chosen again for new content.
    private(set) var used: Set<String> = []
    /// Answers given to somebody else's later versions since our content changed.
    private(set) var answers = 0
    /// Versions given up because the list did not name them in time.
    private(set) var unlisted = 0
    /// 409 answers in a row.
    private(set) var conflicts = 0

    /// Answers to somebody else before the pair counts as superseded.
    static let maximumAnswers = 3
    /// Versions that an old list may cost before the pair counts as superseded.
    static let maximumUnlisted = 10
    /// 409 answers in a row before a pair counts as failed: suffixes carry a digest of the content, so more than two can
    /// only be an answer that is not understood.
    static let maximumConflicts = 5

    /// Something that we want to publish has changed: whoever answers us is answered anew.
    mutating func contentHasChanged() {
        answers = 0
        unlisted = 0
        conflicts = 0
    }

    mutating func setDigest(_ digest: String) { self.digest = digest }
    mutating func answer() { answers += 1 }
    mutating func isUnlisted() { unlisted += 1 }
    mutating func isRefused() { conflicts += 1 }
    mutating func isAccepted() { conflicts = 0 }

    mutating func move(to version: String) { self.version = version }

    /// Marks a version as not to be chosen again.
    ///
    /// Bounded by forgetting versions of other contents: those that could be chosen for the present one are never
    /// forgotten, or the numbers would go round for ever.
    mutating func retire(_ version: String, _ policy: VersionPolicy) {
        if used.count >= 1000 { used = used.filter { policy.candidate(of: $0, digest: digest) != nil } }
        used.insert(version)
    }

    /// How long a list may name an old version before another one of ours is tried: a cache or a replica may be behind.
    func patience(_ interval: Duration) -> Duration { min(interval * (1 << min(unlisted, 10)), .seconds(60)) }
}
