import Shared

extension PublicationPlan {
    /// What to do at `now`. A request counts as in flight until ``handle(_:to:took:now:computedSHA:)`` has its answer.
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
        bulk.endOneByOne(now)
        if bulk.isDue(now) { return .latestPacts }
        guard bulk.isKnown else { return nil }
        if now >= publishNotBefore {
            if let name = creations.first { return .createPacticipant(name) }
            if let label = labels.first { return .label(label) }
            if let batch = nextBatch(now) { return .publish(batch) }
        }
        if now >= suspectsNotBefore, let batch = nextSuspects(now) { return .publish(batch) }
        return nextProof(now)
    }

    /// Reads that prove what was sent, then the rolling check.
    private mutating func nextProof(_ now: MonotonicTime) -> BrokerRequest? {
        guard bulk.failures == 0 else { return nil }
        if bulk.isOneByOne {
            if let key = order.first(where: { pairs[$0]?.isToBeReadAlone(now) ?? false }) { return .latestPact(key) }
        } else if order.contains(where: { pairs[$0]?.sent?.isLookedFor == false }) {
            return .latestPacts
        }
        for key in order {
            if let version = pairs[key]?.versionToRead(now) { return .pactVersion(key, version: version) }
        }
        return rollingRead(now)
    }

    /// One pair in turn; what was never read under its version comes first, unless another one has been waiting for more
    /// turns than there are pairs: edits that keep coming must not keep the others from being looked at.
    private mutating func rollingRead(_ now: MonotonicTime) -> BrokerRequest? {
        guard isRollingDue else { return nil }
        isRollingDue = false
        rollingReads += 1
        var inTurn: Int?
        var unread: Int?
        var overdue: (position: Int, turn: Int)?
        for offset in order.indices {
            let position = (rollingPosition + 1 + offset) % order.count
            guard let record = pairs[order[position]], record.isReadable(now) else { continue }
            if inTurn == nil { inTurn = position }
            if record.verified?.pactVersionSHA == nil {
                if unread == nil { unread = position }
            } else if rollingReads - record.lastTurn > order.count, record.lastTurn < overdue?.turn ?? .max {
                overdue = (position, record.lastTurn)
            }
        }
        guard let chosen = overdue?.position ?? unread ?? inTurn,
            let version = pairs[order[chosen]]?.verified?.version
        else { return nil }
        rollingPosition = chosen
        pairs[order[chosen]]?.hasItsTurn(rollingReads)
        return bulk.isOneByOne ? .latestPact(order[chosen]) : .pactVersion(order[chosen], version: version)
    }

    /// When something may have to be done although nothing happens.
    private func wakeTime(_ now: MonotonicTime) -> MonotonicTime {
        var times = [check.due]
        guard check.isReady else { return times[0] }
        if let time = bulk.oneByOneUntil ?? bulk.due { times.append(time) }
        if publishNotBefore > now, !creations.isEmpty || !labels.isEmpty { times.append(publishNotBefore) }
        for key in order {
            guard let version = consumers[key.consumer]?.version, let record = pairs[key] else { continue }
            let lane = record.batchLimit == nil ? publishNotBefore : suspectsNotBefore
            if lane > now, record.needsPublishing(as: version, now: now) { times.append(lane) }
            if let due = record.dueTime(as: version), due > now { times.append(due) }
            if let due = record.readNotBefore, due > now { times.append(due) }
        }
        return max(now, times.min() ?? check.due)
    }
}
