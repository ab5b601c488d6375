import Shared

extension PublicationPlan {
    /// Everything desired is proven, refused for good or superseded: nothing will change by itself soon.
    var isSettled: Bool {
        bulk.isKnown && creations.isEmpty && labels.isEmpty && pairs.settledCount == pairs.count
    }

    /// The bulk read that belongs to the last check.
    struct PendingRead: Equatable, Sendable {
        /// Why it failed so far.
        var failure: BulkReading.Failure?
    }

    /// The broker was found well, and has not been read since; `nil`: it was, or pairs are read one by one.
    var pendingRead: PendingRead? {
        guard check.isReady, check.refusal == nil else { return nil }
        if let failure = bulk.failure, failure.isRefusal { return PendingRead(failure: failure) }
        guard bulk.due != nil, !bulk.isOneByOne else { return nil }
        return PendingRead(failure: bulk.failure)
    }

    /// As ``pendingRead``; "ready" is not said either while the facts that belong to it are not in the state: the pairs
    /// that stand there were proven before.
    func pendingRead(whileFactsAreWritten isWritten: Bool) -> PendingRead? {
        pendingRead ?? (check.isReady && !isWritten ? PendingRead() : nil)
    }

    /// What people are told of the broker, refused reads included.
    var shownStatus: BrokerState.Status {
        if check.isReady, let failure = bulk.failure, failure.isRefusal { return failure.status }
        return check.shownStatus
    }

    /// Pairs still to be published or proven, names and labels still to be given.
    var queueLength: Int { pairs.count - pairs.settledCount + creations.count + labels.count }

    /// Something is to be published, created or labelled, now or later.
    private var isAnythingOpen: Bool {
        !creations.isEmpty || !labels.isEmpty
            || pairs.contains { key, record in
                record.failure?.published.sha256 != record.desired.sha256
                    && record.isUnpublished(as: consumers[key.consumer]?.version ?? "")
            }
    }

    /// What is no longer wanted cannot be refused.
    mutating func endRefusalIfIdle() {
        if check.refusal != nil, !isAnythingOpen { check.endRefusal() }
    }

    /// The section for the state file.
    ///
    /// A predecessor's pairs stay until the desired set is known.
    ///
    /// - Parameter wall: The date that belongs to `now`.
    func publicationState(
        run: String,
        sourceRevision: String,
        events: [StateEvent],
        now: MonotonicTime,
        wall: WallClock
    ) -> PublicationState {
        var state = PublicationState(run: run)
        state.sourceRevision = sourceRevision
        state.verifiedOnce = bulk.isKnown
        let verifiedAt = bulk.last.map { date($0, now, wall) }
        state.verifiedAt = verifiedAt
        state.queueLength = queueLength
        state.counters = counters
        state.warnings = [configuration.policy.warning].compactMap { $0 }
        state.events = events
        if pairs.count == 0, !remembered.isEmpty {
            state.pairs = remembered.sorted { $0.key < $1.key }.map(\.value)
            return state
        }
        let sending: Set<PairKey>
        if case .publish(let batch) = inFlight { sending = Set(batch.keys) } else { sending = [] }
        state.pairs = pairs.map { key, record in
            var pair = published(key, record, now, wall)
            if sending.contains(key) || record.sent?.sha256 == record.desired.sha256 {
                pair.publishingSHA256 = record.desired.sha256
            }
            if record.verified?.isConfirmed == true { pair.verifiedAt = verifiedAt }
            return pair
        }
        return state
    }

    /// The list was not read since the broker was last away: its status does not say "ready" yet, and what was proven
    /// before is all that is known.
    private var isBrokerUnread: Bool { !check.isReady || !bulk.isKnown || bulk.isUnread }

    private func published(
        _ key: PairKey,
        _ record: PairRecord,
        _ now: MonotonicTime,
        _ wall: WallClock
    ) -> PublishedPair {
        var pair = PublishedPair(consumer: key.consumer, provider: key.provider)
        let proof = record.verified.flatMap { $0.isConfirmed || isBrokerUnread ? $0 : nil }
        pair.verifiedSHA256 = proof?.sha256
        pair.version = proof?.version
        pair.publishedAt = proof?.createdAt
        pair.pactVersionSHA = proof?.pactVersionSHA
        pair.failure = record.failure?.published
        pair.lastError = record.lastError.map { StateLimits.cut($0) }
        pair.superseded = record.superseded
        pair.attempts = record.attempts
        let isUnpublished = record.isUnpublished(as: consumers[key.consumer]?.version ?? "")
        let next = (isUnpublished ? record.dueTime : nil) ?? (record.lastError == nil ? nil : publishNotBefore)
        pair.nextAttemptAt = next.map { date(max($0, now), now, wall) }
        return pair
    }

    private func date(_ time: MonotonicTime, _ now: MonotonicTime, _ wall: WallClock) -> String {
        WallClock(milliseconds: wall.milliseconds + (time - now).milliseconds).rfc3339
    }
}
