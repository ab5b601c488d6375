import Shared
import SharedHTTP

extension PublicationPlan {
    mutating func handleBulk(_ outcome: BrokerOutcome, took: Duration, _ now: MonotonicTime) {
        switch outcome {
        case .latest(let pacts):
            bulk.hasSucceeded()
            bulk.slow = took > configuration.slowBulkRead ? bulk.slow + 1 : 0
            bulk.last = now
            if !bulk.isKnown { changes += 1 }
            bulk.isKnown = true
            bulk.due = nil
            evaluateAll(pacts, now)
            if bulk.slow >= 2 { readOneByOne("it takes longer than \(configuration.slowBulkRead)", now) }
        case .transient(let transient) where transient.cause == .transport(.tooLarge):
            bulk.hasSucceeded()
            readOneByOne(transient.text, now)
        case .transient, .unauthorized, .forbidden, .notABroker, .noSuchEndpoint, .rejected, .absent, .brokerError,
            .contentConflict, .similarName:
            readFailed(outcome, now)
            bulk.due = now + Backoff().delay(attempt: bulk.failures, random: jitter.next())
        case .alive, .databaseUp, .databaseDown, .index, .pact, .published, .created:
            preconditionFailure("no answer to a read")
        }
    }

    mutating func handleLatest(_ outcome: BrokerOutcome, of key: PairKey, _ now: MonotonicTime) {
        switch outcome {
        case .pact(let pact):
            bulk.hasSucceeded()
            var consumersToAdvance: Set<String> = []
            let latest = LatestPact(key: key, version: pact.version ?? "", createdAt: pact.createdAt)
            evaluate(key, latest, now, &consumersToAdvance)
            answer(consumersToAdvance)
            if let sha = pact.sha, pairs[key]?.verified?.version == pact.version { recordSHA(sha, of: key) }
        case .absent:
            bulk.hasSucceeded()
            var none: Set<String> = []
            evaluate(key, nil, now, &none)
        default: readFailed(outcome, now)
        }
    }

    /// A single version: the proof of one that is not the latest, or the rolling check.
    mutating func handleVersion(_ outcome: BrokerOutcome, of key: PairKey, _ version: String, _ now: MonotonicTime) {
        switch outcome {
        case .pact(let pact):
            bulk.hasSucceeded()
            singleReads.removeAll { $0 == key }
            if let sent = pairs[key]?.sent, sent.version == version {
                prove(key, sent, createdAt: pact.createdAt, isLatest: false)
            }
            if let sha = pact.sha, pairs[key]?.verified?.version == version { recordSHA(sha, of: key) }
        case .absent:
            bulk.hasSucceeded()
            singleReads.removeAll { $0 == key }
            isMissing(key, now)
        case .transient(let transient) where transient.cause == .transport(.tooLarge):
            // A contract too large to be read back: the bulk read names its version all the same.
            singleReads.removeAll { $0 == key }
        default: readFailed(outcome, now)
        }
    }

    // MARK: Reading failed

    private mutating func readFailed(_ outcome: BrokerOutcome, _ now: MonotonicTime) {
        let (status, text, _) = BrokerCheck.failure(outcome)
        // Not `check.refusal`, which only an accepted publication ends: the next good read ends this.
        bulk.hasFailed(.init(status: status, text: text, isRefusal: outcome.isRefusalOfRead))
        // The next check looks whether the broker is there; a read that fails again waits for the one after it.
        bulk.due = now + Backoff().delay(attempt: bulk.failures, random: jitter.next())
        check.expedite(now)
        changes += 1
    }

    private mutating func readOneByOne(_ reason: String, _ now: MonotonicTime) {
        bulk.isKnown = true
        bulk.slow = 0
        bulk.oneByOneUntil = now + configuration.oneByOnePeriod
        for key in order where pairs[key]?.verified?.isConfirmed == false { pairs[key]?.verified = nil }
        notes.append(.readingOneByOne(reason))
        changes += 1
    }

    // MARK: What a read says about our pairs

    private mutating func evaluateAll(_ pacts: [LatestPact], _ now: MonotonicTime) {
        var latest: [PairKey: LatestPact] = [:]
        for pact in pacts where pairs[pact.key] != nil { latest[pact.key] = pact }
        var consumersToAdvance: Set<String> = []
        for key in order { evaluate(key, latest[key], now, &consumersToAdvance) }
        answer(consumersToAdvance)
    }

    private mutating func evaluate(
        _ key: PairKey,
        _ latest: LatestPact?,
        _ now: MonotonicTime,
        _ consumersToAdvance: inout Set<String>
    ) {
        pairs[key]?.sent?.isLookedFor = true
        guard let record = pairs[key] else { return }
        guard let latest else {
            if record.sent != nil || record.verified != nil { isMissing(key, now) }
            pairs[key]?.latestSeen = nil
            return
        }
        defer { pairs[key]?.latestSeen = latest.version }
        if let sent = record.sent, sent.version == latest.version {
            prove(key, sent, createdAt: latest.createdAt, isLatest: true)
        } else if record.sent == nil, let verified = record.verified, verified.version == latest.version {
            confirm(key, verified, createdAt: latest.createdAt)
        } else {
            isNotLatest(key, record, latest, &consumersToAdvance)
        }
    }

    /// The read names another version than ours.
    private mutating func isNotLatest(
        _ key: PairKey,
        _ record: PairRecord,
        _ latest: LatestPact,
        _ consumersToAdvance: inout Set<String>
    ) {
        guard let consumer = consumers[key.consumer] else { return }
        let policy = configuration.policy
        if let named = policy.candidate(of: latest.version, digest: consumer.digest) {
            // Stands for exactly our contents: publishing under it proves that, and it is the latest already.
            let own = policy.candidate(of: consumer.version, digest: consumer.digest)
            if consumer.version.isEmpty || own == nil || named > (own ?? 0), !record.occupies(latest.version) {
                adoptVersion(latest.version, of: key.consumer)
                return
            }
        }
        let ours = record.sent?.version ?? record.verified?.version
        guard let ours, ours == consumer.version else { return }
        if record.superseded != nil {
            markSuperseded(key, latest)
            return
        }
        let isOld = record.sent != nil && record.latestSeen == latest.version
        if policy.mode == .git || (!isOld && consumer.answers >= ConsumerRecord.maximumAnswers) {
            markSuperseded(key, latest)
            return
        }
        if record.sent == nil {
            let detail = "version \(latest.version) is the latest, not \(ours)"
            repairing(key, .notLatest, detail)
        }
        // One answer for all pairs of the consumer that this read found.
        if !isOld, !consumersToAdvance.contains(key.consumer) { consumers[key.consumer]?.answers += 1 }
        consumersToAdvance.insert(key.consumer)
    }

    private mutating func answer(_ consumersToAdvance: Set<String>) {
        for consumer in consumersToAdvance.sorted() {
            advanceVersion(of: consumer, reason: "another version is the latest of one of its pairs")
        }
    }

    private mutating func markSuperseded(_ key: PairKey, _ latest: LatestPact) {
        let superseded = PublishedPair.Superseded(version: latest.version, createdAt: latest.createdAt)
        // What was only accepted so far is proven by reading that very version.
        if pairs[key]?.sent != nil, !singleReads.contains(key) { singleReads.append(key) }
        guard pairs[key]?.superseded != superseded else { return }
        pairs[key]?.superseded = superseded
        notes.append(.superseded(key, version: latest.version, createdAt: latest.createdAt))
        changes += 1
    }

    // MARK: One pair

    private mutating func prove(_ key: PairKey, _ sent: PairRecord.Sent, createdAt: String?, isLatest: Bool) {
        guard var record = pairs[key] else { return }
        let before = record.verified
        record.sent = nil
        record.verified = .init(
            sha256: sent.sha256,
            version: sent.version,
            createdAt: createdAt,
            pactVersionSHA: before?.sha256 == sent.sha256 ? before?.pactVersionSHA : nil,
            isConfirmed: true
        )
        if isLatest { record.superseded = nil }
        pairs[key] = record
        if before?.sha256 != sent.sha256 || before?.version != sent.version {
            let isChange = before.map { $0.sha256 != sent.sha256 } ?? false
            notes.append(.published(key, version: sent.version, createdAt: createdAt, isChange: isChange))
        }
        changes += 1
    }

    private mutating func confirm(_ key: PairKey, _ verified: PairRecord.Proof, createdAt: String?) {
        var verified = verified
        if verified.createdAt != createdAt {
            // Written again under our version: the rolling check looks at this pair now.
            if verified.createdAt != nil, !singleReads.contains(key) { singleReads.append(key) }
            verified.createdAt = createdAt
            changes += 1
        }
        if pairs[key]?.superseded != nil || !verified.isConfirmed { changes += 1 }
        verified.isConfirmed = true
        pairs[key]?.verified = verified
        pairs[key]?.superseded = nil
    }

    private mutating func isMissing(_ key: PairKey, _ now: MonotonicTime) {
        guard var record = pairs[key] else { return }
        if let verified = record.verified {
            pairs[key]?.verified = nil
            repairing(key, .missing, "version \(verified.version) is no longer in the broker")
            record = pairs[key] ?? record
        } else if record.sent != nil {
            record.lastError = "the broker accepted it, but does not list it"
            record.notBefore = now + Backoff().delay(attempt: record.attempts, random: jitter.next())
        }
        record.verified = nil
        record.sent = nil
        record.superseded = nil
        pairs[key] = record
        changes += 1
    }

    private mutating func recordSHA(_ sha: String, of key: PairKey) {
        guard let known = pairs[key]?.verified?.pactVersionSHA else {
            // No news for readers: it is written down with the next change, or within a minute.
            pairs[key]?.verified?.pactVersionSHA = sha
            return
        }
        guard known != sha else { return }
        let version = pairs[key]?.verified?.version ?? ""
        pairs[key]?.verified = nil
        repairing(key, .different, "version \(version) was overwritten with other content")
    }

    private mutating func repairing(_ key: PairKey, _ kind: PlanNote.Repair, _ detail: String) {
        notes.append(.repairing(key, kind: kind, detail: detail))
        counters.repairs[kind.rawValue, default: 0] += 1
        changes += 1
    }
}
