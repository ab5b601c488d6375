import Shared

extension PublicationPlan {
    /// The contracts to send next, or `nil` if there are none.
    mutating func nextBatch(_ now: MonotonicTime) -> PublicationBatch? {
        while let group = groups.popLast() {
            if let batch = batch(of: group, now) { return batch }
        }
        // Contracts that were refused before go alone and after all others: they are not to hold anybody up again.
        for isRetry in [false, true] {
            if let group = newGroup(now, isRetry: isRetry), let batch = batch(of: group, now) { return batch }
        }
        return nil
    }

    /// Contracts that did not get through, those with the fewest failures first.
    mutating func nextSuspects(_ now: MonotonicTime) -> PublicationBatch? {
        var suspects: [(key: PairKey, limit: Int, obstacles: Int)] = []
        var position = 0
        while let found = firstUnpublished(.suspects, from: position) {
            position = found + 1
            let (key, record) = (pairs.keys[found], pairs[found])
            guard let limit = record.batchLimit, record.mayBePublished(now) else { continue }
            suspects.append((key, limit, record.obstacles))
        }
        guard let first = suspects.min(by: { $0.obstacles < $1.obstacles }) else { return nil }
        var keys: [PairKey] = []
        var bytes = 0
        for suspect in suspects
        where suspect.key.ofConsumer == first.key.ofConsumer && suspect.obstacles == first.obstacles {
            bytes += pairs[suspect.key]?.desired.bytes ?? 0
            if !keys.isEmpty, keys.count >= first.limit || bytes > configuration.maximumBatchBytes { break }
            keys.append(suspect.key)
        }
        return batch(of: Group(keys: keys, isSplit: true), now)
    }

    private mutating func newGroup(_ now: MonotonicTime, isRetry: Bool) -> Group? {
        var keys: [PairKey] = []
        var bytes = 0
        var settled: PairKey?
        var position = 0
        while let found = firstUnpublished(isRetry ? .refused : .unpublished, from: position) {
            let key = pairs.keys[found]
            if let first = keys.first, first.ofConsumer != key.ofConsumer { break }
            if keys.isEmpty, settled != key.ofConsumer {
                settled = key.ofConsumer
                // Another version is to be given to all of the consumer's contracts, also to those before this one.
                position = settleVersion(of: key.consumer) ? pairs.range(of: key.consumer).lowerBound : found
                continue
            }
            position = found + 1
            let record = pairs[found]
            guard record.mayBePublished(now) else { continue }
            if isRetry { return Group(keys: [key], isSplit: true) }
            // Alone, so that the broker's remarks are about this one.
            if record.doubt != nil {
                if keys.isEmpty { return Group(keys: [key]) }
                break
            }
            if !keys.isEmpty, bytes + record.desired.bytes > configuration.maximumBatchBytes { break }
            keys.append(key)
            bytes += record.desired.bytes
            if keys.count == maximumBatchCount { break }
        }
        return keys.isEmpty ? nil : Group(keys: keys)
    }

    /// The first pair of one of the three lists of publications, refused for now or not.
    mutating func firstUnpublished(_ list: PairTable.List, from position: Int) -> Int? {
        // Ends before anybody changes a consumer, which would copy them all.
        let consumers = self.consumers
        return pairs.first(of: list, from: position) { key, record in
            record.publicationList == list && record.isUnpublished(as: consumers[key.consumer]?.version ?? "")
        }
    }

    /// The part of `group` that still needs publishing; it becomes the current one.
    private mutating func batch(of group: Group, _ now: MonotonicTime) -> PublicationBatch? {
        guard let consumer = group.keys.first?.consumer else { return nil }
        settleVersion(of: consumer)
        guard let version = consumers[consumer]?.version else { return nil }
        var group = group
        group.keys = group.keys.filter { pairs[$0]?.needsPublishing(as: version, now: now) ?? false }
        guard !group.keys.isEmpty else { return nil }
        // Formed for a broker that took several at once.
        if group.keys.count > maximumBatchCount {
            var rest = group
            rest.keys.removeFirst(maximumBatchCount)
            group.keys.removeLast(rest.keys.count)
            groups.append(rest)
        }
        let items = group.keys.compactMap { key in
            pairs[key].map { PublicationBatch.Item(provider: key.provider, content: $0.desired) }
        }
        let batch = PublicationBatch(consumer: consumer, version: version, isSingle: check.way.isSingle, items: items)
        sending = Sending(group: group, batch: batch)
        return batch
    }

    private var maximumBatchCount: Int { check.way.isSingle ? 1 : configuration.maximumBatchCount }

    /// Chooses the consumer's version: the first time, or when the present one holds another content of one of its
    /// pairs.
    ///
    /// - Returns: True if it is another one than before.
    @discardableResult
    private mutating func settleVersion(of consumer: String) -> Bool {
        guard let before = consumers[consumer]?.version else { return false }
        if before.isEmpty { moveConsumer(consumer, to: configuration.policy.base) }
        if isOccupied(consumers[consumer]?.version ?? "", of: consumer) {
            advanceVersion(of: consumer, reason: "a contract has changed")
        }
        return consumers[consumer]?.version != before
    }

    /// `version` holds, or may hold, another content of one of the consumer's pairs than the desired one.
    private mutating func isOccupied(_ version: String, of consumer: String) -> Bool {
        let range = pairs.range(of: consumer)
        var position = range.lowerBound
        while let found = pairs.first(of: .outdated, from: position, where: { $1.isOutdated }), found < range.upperBound
        {
            if pairs[found].occupies(version) { return true }
            position = found + 1
        }
        return false
    }

    /// Moves all contracts of a consumer to the next version number.
    ///
    /// - Returns: False if the policy has no further one.
    @discardableResult
    mutating func advanceVersion(of consumer: String, reason: String) -> Bool {
        guard var record = consumers[consumer] else { return false }
        record.retire(record.version, configuration.policy)
        for candidate in 0...VersionPolicy.maximumCandidate {
            guard let version = configuration.policy.version(candidate: candidate, digest: record.digest) else { break }
            if record.used.contains(version) { continue }
            move(consumer, &record, to: version, reason: reason)
            return true
        }
        return false
    }

    /// Goes on with a version that the broker names and that stands for our present contents: a replica's or an
    /// earlier run's.
    mutating func adoptVersion(_ version: String, of consumer: String) {
        guard var record = consumers[consumer], record.version != version else { return }
        record.retire(record.version, configuration.policy)
        move(consumer, &record, to: version, reason: "the broker has this version for the same contracts")
    }

    private mutating func move(_ consumer: String, _ record: inout ConsumerRecord, to version: String, reason: String) {
        if !record.version.isEmpty {
            note(.versionMoved(consumer: consumer, from: record.version, to: version, reason: reason))
        }
        consumers[consumer] = record
        moveConsumer(consumer, to: version)
        changes += 1
    }

    /// The only way to another version: what has to be done for the consumer's pairs depends on it.
    mutating func moveConsumer(_ consumer: String, to version: String) {
        consumers[consumer]?.move(to: version)
        pairs.versionHasChanged(of: consumer)
    }

    /// The pairs of one consumer, in order.
    func keys(of consumer: String) -> ArraySlice<PairKey> { pairs.keys[pairs.range(of: consumer)] }
}
