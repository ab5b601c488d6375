import Shared

extension PublicationPlan {
    /// Halves a refused group, or marks its only contract as failed: batches are stored as a whole or not at all.
    mutating func splitOrFail(
        _ group: Group,
        kind: String,
        status: Int,
        _ text: String,
        _ now: MonotonicTime,
        jsonPaths: [String] = []
    ) {
        if group.keys.count > 1 {
            split(group)
        } else {
            fail(group.keys, kind: kind, status: status, text, now, jsonPaths: jsonPaths)
        }
    }

    mutating func split(_ group: Group) {
        let middle = group.keys.count / 2
        groups.append(Group(keys: Array(group.keys[middle...]), isSplit: true))
        groups.append(Group(keys: Array(group.keys[..<middle]), isSplit: true))
    }

    /// - Parameter keys: Contracts whose desired content is what the broker has answered to.
    mutating func fail(
        _ keys: [PairKey],
        kind: String,
        status: Int?,
        _ text: String,
        _ now: MonotonicTime,
        jsonPaths: [String] = [],
        isRepeated: Bool = true
    ) {
        let reason = StateLimits.cut(text)
        for key in keys {
            guard let desired = pairs[key]?.desired else { continue }
            let failure = PublishedPair.Failure(
                sha256: desired.sha256,
                kind: kind,
                httpStatus: status,
                reason: reason,
                jsonPaths: Array(jsonPaths.prefix(StateLimits.jsonPaths))
            )
            let retryAt = isRepeated ? now + configuration.failureRetry : nil
            if pairs[key]?.fails(failure, retryAt: retryAt) == true { note(.failed(key, failure)) }
        }
        changes += 1
    }

    /// Nothing is wrong with the contracts, as far as anybody knows: they go out again after a pause.
    ///
    /// What does not get through three times while the broker's check is well goes into the queue of suspects, in halves.
    mutating func postpone(
        _ group: Group,
        _ transient: BrokerOutcome.Transient,
        took: Duration,
        _ now: MonotonicTime
    ) {
        for key in group.keys { pairs[key]?.isPostponed(transient.text) }
        var group = group
        group.obstacles += 1
        group.isUnexplained = true
        let isSuspect = group.keys.contains { pairs[$0]?.batchLimit != nil }
        if !isSuspect, publishFailures == 0, let consumer = group.keys.first?.consumer {
            note(.delayed(consumer: consumer, contracts: group.keys.count, reason: transient.text))
        }
        guard isSuspect || group.obstacles >= 3 else {
            groups.append(group)
            backOff(now, retryAfter: transient.retryAfter)
            return
        }
        for key in group.keys {
            pairs[key]?.isObstructed(limit: max(1, group.keys.count / 2), times: group.obstacles)
        }
        if !isSuspect { backOff(now, retryAfter: transient.retryAfter) }
        isSuspectUnexplained = true
        let times = group.keys.compactMap { pairs[$0]?.obstacles }.min() ?? 1
        suspectFailures = max(suspectFailures + 1, times)
        var delay = Backoff().delay(attempt: suspectFailures, random: jitter.next())
        // One that costs a minute each time is not to keep the line busy.
        if group.keys.count == 1 { delay = max(delay, min(took * 3, configuration.failureRetry)) }
        suspectsNotBefore = now + max(delay, transient.retryAfter ?? .zero)
    }

    /// The broker is there: what did not get through has another reason.
    mutating func noteThatBrokerIsThere() {
        for index in groups.indices { groups[index].isUnexplained = false }
        isSuspectUnexplained = false
    }

    /// The broker is away, which explains what did not get through; unless that is what drove it away, again and again.
    mutating func noteThatBrokerIsAway(_ now: MonotonicTime) {
        let present = groups
        groups = []
        for var group in present {
            group.obstacles = 0
            if group.isUnexplained { group.outages += 1 }
            group.isUnexplained = false
            requeue(group)
        }
        guard isSuspectUnexplained else { return }
        isSuspectUnexplained = false
        suspectOutages += 1
        let backoff = Backoff(first: .seconds(30), maximum: configuration.failureRetry)
        suspectsNotBefore = max(suspectsNotBefore, now + backoff.delay(attempt: suspectOutages, random: 1))
    }

    /// Puts a group back whose sending ended with the broker's end. The third time it joins the suspects.
    mutating func requeue(_ group: Group) {
        guard group.outages >= Self.maximumOutages else {
            groups.append(group)
            return
        }
        for key in group.keys {
            pairs[key]?.isObstructed(limit: max(1, group.keys.count / 2), times: group.outages)
        }
    }

    /// Outages that are taken for a coincidence.
    private static let maximumOutages = 3

    /// Somebody may have worked on the broker: what it refused is tried again, at most once a fifth of the usual time.
    mutating func retryRefused(_ now: MonotonicTime) {
        if let last = refusalsRetried, now - last < configuration.failureRetry / 5 { return }
        for key in pairs.keys where pairs[key]?.retryRefused(now) == true { refusalsRetried = now }
    }

    /// We may not publish, or not there: people have to act. Tried again slowly, and at once with new credentials.
    mutating func refuse(
        _ group: Group,
        _ status: BrokerState.Status,
        _ text: String,
        _ batch: PublicationBatch,
        _ now: MonotonicTime
    ) {
        count("unauthorized", batch)
        check.refuse(status, text)
        for key in group.keys { pairs[key]?.isPostponed(text) }
        groups.append(group)
        backOff(now, slow: true)
        endRefusalIfIdle()
    }

    /// No publication for a while.
    ///
    /// - Parameters:
    ///   - attempt: The repetition; `nil` counts failures in a row.
    ///   - retryAfter: What the broker asked for; obeyed if it is longer.
    ///   - slow: At least a check interval.
    mutating func backOff(
        _ now: MonotonicTime,
        attempt: Int? = nil,
        retryAfter: Duration? = nil,
        slow: Bool = false
    ) {
        publishFailures += 1
        var delay = Backoff().delay(attempt: attempt ?? publishFailures, random: jitter.next())
        if slow { delay = max(delay, min(configuration.checkInterval, .seconds(30))) }
        publishNotBefore = now + max(delay, retryAfter ?? .zero)
    }

    /// Counts an attempt for each contract of the batch.
    mutating func count(_ result: String, _ batch: PublicationBatch) {
        counters.attempts[result, default: 0] += batch.items.count
    }

    /// Contracts' files that cannot be loaded: the desired set has moved on, or the watcher stores them again.
    ///
    /// - Returns: What is left of the publication in flight; `nil` if that is nothing.
    mutating func contentsAreMissing(_ missing: Set<PairKey>, now: MonotonicTime) -> BrokerRequest? {
        guard var sending else { return nil }
        changes += 1
        for key in sending.batch.keys where missing.contains(key) {
            guard pairs[key]?.lacksFile(now, random: jitter.next()) == true else { continue }
            note(.fileMissing(key, sha256: pairs[key]?.desired.sha256 ?? ""))
        }
        sending.group.keys.removeAll { missing.contains($0) }
        sending.batch.items.removeAll {
            missing.contains(PairKey(consumer: sending.batch.consumer, provider: $0.provider))
        }
        let isEmpty = sending.batch.items.isEmpty
        self.sending = isEmpty ? nil : sending
        inFlight = isEmpty ? nil : .publish(sending.batch)
        return inFlight
    }
}
