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

    mutating func fail(
        _ keys: [PairKey],
        kind: String,
        status: Int,
        _ text: String,
        _ now: MonotonicTime,
        jsonPaths: [String] = []
    ) {
        let reason = StateLimits.cut(text)
        for key in keys {
            guard var record = pairs[key] else { continue }
            let failure = PublishedPair.Failure(
                sha256: record.desired.sha256,
                kind: kind,
                httpStatus: status,
                reason: reason,
                jsonPaths: Array(jsonPaths.prefix(StateLimits.jsonPaths))
            )
            let isNews = record.failure?.published.kind != kind || record.failure?.published.sha256 != failure.sha256
            record.failure = .init(published: failure, retryAt: now + configuration.failureRetry)
            record.lastError = nil
            record.notBefore = nil
            pairs[key] = record
            if isNews { notes.append(.failed(key, kind: kind, reason: reason)) }
        }
        changes += 1
    }

    /// Nothing is wrong with the contracts: they go out again after a pause.
    mutating func postpone(_ group: Group, _ text: String, _ now: MonotonicTime, retryAfter: Duration?) {
        for key in group.keys { pairs[key]?.lastError = text }
        groups.append(group)
        backOff(now, retryAfter: retryAfter)
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
        check.refusal = .init(status: status, text: text)
        for key in group.keys { pairs[key]?.lastError = text }
        groups.append(group)
        backOff(now, slow: true)
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
}
