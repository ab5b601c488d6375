import Shared

extension PublicationPlan {
    /// What to do at `now`. A request counts as in flight until ``handle(_:to:took:now:)`` has its answer.
    mutating func next(_ now: MonotonicTime) -> Step {
        if inFlight != nil { return .waitForAnswer }
        guard let request = nextRequest(now) else { return .wait(until: wakeTime(now)) }
        inFlight = request
        if case .publish = request { changes += 1 }
        return .send(request)
    }

    private mutating func nextRequest(_ now: MonotonicTime) -> BrokerRequest? {
        if check.isDue(now) { return check.nextRequest() }
        guard check.isReady else { return nil }
        if let until = bulk.oneByOneUntil, until <= now {
            bulk.oneByOneUntil = nil
            bulk.due = now
        }
        if bulkIsDue(now) { return .latestPacts }
        guard bulk.isKnown else { return nil }
        if now >= publishNotBefore {
            if let name = creations.first { return .createPacticipant(name) }
            if let label = labels.first { return .label(label) }
            if let batch = nextBatch(now) { return .publish(batch) }
        }
        return nextProof()
    }

    /// The bulk read is due by the clock, or nothing has been read yet.
    private func bulkIsDue(_ now: MonotonicTime) -> Bool {
        guard bulk.oneByOneUntil == nil else { return false }
        guard let due = bulk.due else { return !bulk.isKnown }
        return due <= now
    }

    /// Reads that prove what was sent, then the rolling check.
    private mutating func nextProof() -> BrokerRequest? {
        guard bulk.failures == 0 else { return nil }
        if let key = order.first(where: { pairs[$0]?.sent?.isLookedFor == false }) {
            return bulk.oneByOneUntil == nil ? .latestPacts : .latestPact(key)
        }
        while let key = singleReads.first {
            if let version = pairs[key]?.sent?.version ?? pairs[key]?.verified?.version {
                return .pactVersion(key, version: version)
            }
            singleReads.removeFirst()
        }
        return rollingRead()
    }

    private mutating func rollingRead() -> BrokerRequest? {
        guard isRollingDue else { return nil }
        isRollingDue = false
        for _ in order.indices {
            rollingPosition = (rollingPosition + 1) % order.count
            let key = order[rollingPosition]
            guard let verified = pairs[key]?.verified else { continue }
            return bulk.oneByOneUntil == nil ? .pactVersion(key, version: verified.version) : .latestPact(key)
        }
        return nil
    }

    /// When something may have to be done although nothing happens.
    private func wakeTime(_ now: MonotonicTime) -> MonotonicTime {
        var times = [check.due]
        guard check.isReady else { return times[0] }
        if let due = bulk.due, bulk.oneByOneUntil == nil { times.append(due) }
        if let until = bulk.oneByOneUntil { times.append(until) }
        if publishNotBefore > now, hasWork(now) { times.append(publishNotBefore) }
        for key in order {
            guard let version = consumers[key.consumer]?.version, let record = pairs[key] else { continue }
            if let due = record.dueTime(as: version), due > now { times.append(due) }
        }
        return max(now, times.min() ?? check.due)
    }

    private func hasWork(_ now: MonotonicTime) -> Bool {
        !creations.isEmpty || !labels.isEmpty
            || order.contains { key in
                pairs[key]?.needsPublishing(as: consumers[key.consumer]?.version ?? "", now: now) ?? false
            }
    }
}
