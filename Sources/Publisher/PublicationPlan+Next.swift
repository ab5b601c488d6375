import Shared

extension PublicationPlan {
    /// What to do at `now`. A request counts as in flight until ``handle(_:to:took:now:computedSHA:)`` has its answer.
    mutating func next(_ now: MonotonicTime) -> Step {
        if inFlight != nil { return .waitForAnswer }
        pairs.advance(to: now)
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
            if let found = pairs.first(of: .toBeReadAlone, where: { $1.isToBeReadAlone && $1.mayBeRead(now) }) {
                return .latestPact(pairs.keys[found])
            }
        } else if pairs.first(of: .unlisted, where: { $1.sent?.isLookedFor == false }) != nil {
            return .latestPacts
        }
        if let found = pairs.first(of: .toBeRead, where: { $1.versionToRead != nil && $1.mayBeRead(now) }),
            let version = pairs[found].versionToRead
        {
            return .pactVersion(pairs.keys[found], version: version)
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
        for offset in 0..<pairs.count {
            let position = (rollingPosition + 1 + offset) % pairs.count
            let record = pairs[position]
            guard record.isReadable(now) else { continue }
            if inTurn == nil { inTurn = position }
            if record.verified?.pactVersionSHA == nil {
                if unread == nil { unread = position }
            } else if rollingReads - record.lastTurn > pairs.count, record.lastTurn < overdue?.turn ?? .max {
                overdue = (position, record.lastTurn)
            }
        }
        guard let chosen = overdue?.position ?? unread ?? inTurn,
            let version = pairs[chosen].verified?.version
        else { return nil }
        rollingPosition = chosen
        let key = pairs.keys[chosen]
        pairs[key]?.hasItsTurn(rollingReads)
        return bulk.isOneByOne ? .latestPact(key) : .pactVersion(key, version: version)
    }

    /// When something may have to be done although nothing happens.
    private mutating func wakeTime(_ now: MonotonicTime) -> MonotonicTime {
        var times = [check.due]
        guard check.isReady else { return times[0] }
        if let time = bulk.oneByOneUntil ?? bulk.due { times.append(time) }
        if publishNotBefore > now, !creations.isEmpty || !labels.isEmpty { times.append(publishNotBefore) }
        if publishNotBefore > now, isAnythingDue(now) { times.append(publishNotBefore) }
        if suspectsNotBefore > now, isSuspectDue(now) { times.append(suspectsNotBefore) }
        // Ends before anybody changes a consumer, which would copy them all.
        let consumers = self.consumers
        let publication = pairs.nextTime(of: .publication) { key, record in
            record.isUnpublished(as: consumers[key.consumer]?.version ?? "")
        }
        times += [publication, pairs.nextTime(of: .read)].compactMap { $0 }
        return max(now, times.min() ?? check.due)
    }
}
