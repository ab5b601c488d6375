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
        let maximumBytes = configuration.maximumBatchBytes
        var first: (consumer: PairKey, record: PairRecord)?
        var count = 0
        var bytes = 0
        let keys = suspects(now) { key, record in
            count += 1
            bytes += record.desired.bytes
            guard let first else {
                first = (key.ofConsumer, record)
                return true
            }
            return key.ofConsumer == first.consumer && record.obstacles == first.record.obstacles
                && count <= first.record.batchLimit ?? 1 && bytes <= maximumBytes
        }
        guard !keys.isEmpty else { return nil }
        return batch(of: Group(keys: keys, isSplit: true), now)
    }

    /// One of the contracts that did not get through may be sent.
    mutating func isSuspectDue(_ now: MonotonicTime) -> Bool {
        var count = 0
        return !suspects(now) { _, _ in
            count += 1
            return count == 1
        }
        .isEmpty
    }

    private mutating func suspects(
        _ now: MonotonicTime,
        while wanted: (PairKey, PairRecord) -> Bool
    ) -> [PairKey] {
        let consumers = self.consumers
        return pairs.suspects(
            where: { $1.needsPublishing(as: consumers[$0.consumer]?.version ?? "", now: now) },
            while: wanted
        )
    }

    private mutating func newGroup(_ now: MonotonicTime, isRetry: Bool) -> Group? {
        var keys: [PairKey] = []
        var bytes = 0
        var settled: PairKey?
        var position = 0
        while let found = firstUnpublished(isRetry ? .refused : .unpublished, from: position, settled: settled, now) {
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

    /// The first pair of a list of publications that may be sent now, or whose consumer's version is to be chosen anew.
    ///
    /// - Parameter settled: The consumer whose version has just been chosen, as far as that is possible.
    private mutating func firstUnpublished(
        _ list: PairTable.List,
        from start: Int = 0,
        settled: PairKey? = nil,
        _ now: MonotonicTime
    ) -> Int? {
        // Ends before anybody changes a consumer, which would copy them all.
        let consumers = self.consumers
        var position = start
        while let found = pairs.first(
            of: list,
            from: position,
            where: { key, record in
                record.publicationList == list && record.isUnpublished(as: consumers[key.consumer]?.version ?? "")
            }
        ) {
            let key = pairs.keys[found]
            if pairs[found].mayBePublished(now) || (key.ofConsumer != settled && !hasVersion(key.consumer)) {
                return found
            }
            // Only its time is missing, which puts it back.
            pairs.remove(found, from: list)
            position = found + 1
        }
        return nil
    }

    /// A contract that is no suspect may be sent.
    mutating func isAnythingDue(_ now: MonotonicTime) -> Bool {
        for list in [PairTable.List.unpublished, .refused] {
            var position = 0
            while let found = firstUnpublished(list, from: position, now) {
                if pairs[found].mayBePublished(now) { return true }
                position = found + 1
            }
        }
        return false
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
        if !hasVersion(consumer) { advanceVersion(of: consumer, reason: "a contract has changed") }
        return consumers[consumer]?.version != before
    }

    /// The consumer's version is chosen, and neither holds nor may hold another content of one of its pairs than the
    /// desired one.
    private mutating func hasVersion(_ consumer: String) -> Bool {
        guard consumers[consumer]?.version.isEmpty == false else { return false }
        let consumers = self.consumers
        let range = pairs.range(of: consumer)
        let occupied = pairs.first(of: .outdated, from: range.lowerBound) { key, record in
            record.occupies(consumers[key.consumer]?.version ?? "")
        }
        return occupied.map { !range.contains($0) } ?? true
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
