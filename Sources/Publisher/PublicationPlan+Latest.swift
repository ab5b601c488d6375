import Shared

/// Another version than ours is the latest of a pair.
extension PublicationPlan {
    mutating func isNotLatest(
        _ key: PairKey,
        _ record: PairRecord,
        _ latest: LatestPact,
        _ now: MonotonicTime,
        _ consumersToAdvance: inout Set<PairKey>
    ) {
        guard let consumer = consumers[key.consumer] else { return }
        let policy = configuration.policy
        let named = policy.candidate(of: latest.version, digest: consumer.digest)
        if let named {
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
        if let sent = record.sent,
            record.latestSeen == latest.version || named != nil
                || consumer.used.contains(latest.version)
        {
            isStillOld(key, sent, latest, consumer, now, &consumersToAdvance)
            return
        }
        if policy.mode == .git || consumer.answers >= ConsumerRecord.maximumAnswers {
            markSuperseded(key, latest)
            return
        }
        if record.sent == nil {
            repairing(key, .notLatest, "version \(latest.version) is the latest, not \(ours)")
        }
        // One answer for all pairs of the consumer that this read found.
        if consumersToAdvance.insert(key.ofConsumer).inserted { consumers[key.consumer]?.answer() }
    }

    /// The list names what it named before we published. Either our version is an old one too, or the list is behind: a
    /// caching proxy, a read replica. It is given time, longer each time.
    private mutating func isStillOld(
        _ key: PairKey,
        _ sent: PairRecord.Sent,
        _ latest: LatestPact,
        _ consumer: ConsumerRecord,
        _ now: MonotonicTime,
        _ consumersToAdvance: inout Set<PairKey>
    ) {
        if !sent.wasThere {
            let waited = sent.acceptedAt.map { now - $0 } ?? .zero
            if waited < consumer.patience(configuration.checkInterval) { return }
            guard consumer.unlisted < ConsumerRecord.maximumUnlisted else {
                markSuperseded(key, latest)
                return
            }
        }
        guard configuration.policy.mode == .auto else {
            markSuperseded(key, latest)
            return
        }
        guard consumersToAdvance.insert(key.ofConsumer).inserted, !sent.wasThere else { return }
        consumers[key.consumer]?.isUnlisted()
    }

    private mutating func markSuperseded(_ key: PairKey, _ latest: LatestPact) {
        let superseded = PublishedPair.Superseded(version: latest.version, createdAt: latest.createdAt)
        guard pairs[key]?.superseded != superseded else { return }
        pairs[key]?.isSuperseded(by: superseded)
        note(.superseded(key, version: latest.version, createdAt: latest.createdAt))
        changes += 1
    }

    mutating func repairing(_ key: PairKey, _ kind: PlanNote.Repair, _ detail: String) {
        note(.repairing(key, kind: kind, detail: detail))
        counters.repairs[kind.rawValue, default: 0] += 1
        changes += 1
    }
}
