import Shared
import SharedHTTP

/// Reads: the list of all pairs, and single ones.
extension PublicationPlan {
    mutating func handleBulk(_ outcome: BrokerOutcome, took: Duration, _ now: MonotonicTime) {
        switch outcome {
        case .latest(let pacts):
            if !bulk.isKnown { changes += 1 }
            bulk.hasSucceeded(now, isSlow: took > configuration.slowBulkRead)
            evaluateAll(pacts, now)
            if bulk.slow >= 2 { readOneByOne("it takes longer than \(configuration.slowBulkRead)", now) }
        case .transient(let transient) where transient.cause == .transport(.tooLarge):
            readOneByOne(transient.text, now)
        case .transient, .unauthorized, .forbidden, .notABroker, .noSuchEndpoint, .rejected, .absent, .brokerError,
            .contentConflict, .similarName:
            bulkFailed(outcome, now)
        case .alive, .databaseUp, .databaseDown, .index, .pact, .published, .created:
            preconditionFailure("no answer to a read")
        }
    }

    private mutating func bulkFailed(_ outcome: BrokerOutcome, _ now: MonotonicTime) {
        let (status, text, _) = BrokerCheck.failure(outcome)
        // At the pace of the checks, sooner at first: a list that never comes must not cost more than one that does.
        let backoff = Backoff(maximum: min(configuration.checkInterval, .seconds(30)))
        // Not `check.refusal`, which is about publications: the next good read ends this.
        bulk.hasFailed(
            .init(status: status, text: text, isRefusal: outcome.isRefusalOfRead),
            retryAt: now + backoff.delay(attempt: bulk.failures + 1, random: jitter.next())
        )
        // Is the broker there at all? What goes on failing is left to the regular checks.
        if bulk.failures == 1 { check.expedite(now) }
        changes += 1
    }

    /// What has not been confirmed by then is read alone, and counts for nothing until it was.
    private mutating func readOneByOne(_ reason: String, _ now: MonotonicTime) {
        bulk.readOneByOne(until: now + configuration.oneByOnePeriod)
        for key in pairs.keys { pairs[key]?.mustBeLookedForAgain(now) }
        note(.readingOneByOne(reason))
        changes += 1
    }

    /// The content whose SHA would help to judge the answer to `request`.
    func contentToCompare(_ request: BrokerRequest) -> String? {
        let key: PairKey
        let version: String?
        switch request {
        case .latestPact(let pair):
            (key, version) = (pair, pairs[pair]?.sent?.version ?? pairs[pair]?.verified?.version)
        case .pactVersion(let pair, let number): (key, version) = (pair, number)
        case .heartbeat, .dependencies, .index, .latestPacts, .publish, .createPacticipant, .label: return nil
        }
        guard let record = pairs[key], let version, let content = record.contentToCompare(under: version) else {
            return nil
        }
        // A former content cannot be published again to find out: the hint has to have been right before.
        return content == record.desired.sha256 || computedSHAsAgree ? content : nil
    }

    /// Where pairs are read one by one: what the list would say, and what a single version would.
    mutating func handleLatest(
        _ outcome: BrokerOutcome,
        of key: PairKey,
        _ computedSHA: String?,
        _ now: MonotonicTime
    ) {
        switch outcome {
        case .pact(let pact):
            let latest = LatestPact(key: key, version: pact.version ?? "", createdAt: pact.createdAt)
            guard take(pact, of: key, latest.version, computedSHA, now) else { return }
            var consumersToAdvance: Set<PairKey> = []
            evaluate(key, latest, now, &consumersToAdvance)
            answer(consumersToAdvance)
            pairs[key]?.mustBeLookedForAgain(now + configuration.checkInterval)
            // Somebody else's version is the latest, and ours is no further: not again at once.
            if let record = pairs[key], record.isToBeReadAlone, record.mayBeRead(now) {
                pairs[key]?.isReadAgain(at: now + configuration.checkInterval)
            }
        case .absent:
            pairs[key]?.isLookedFor(latest: nil)
            isMissing(key, nil, now)
        default: singleReadFailed(key, now)
        }
    }

    /// A single version: its content, or the proof of one that is not the latest.
    mutating func handleVersion(
        _ outcome: BrokerOutcome,
        of key: PairKey,
        _ version: String,
        _ computedSHA: String?,
        _ now: MonotonicTime
    ) {
        switch outcome {
        case .pact(let pact):
            guard take(pact, of: key, version, computedSHA, now), let record = pairs[key], record.doubt == nil,
                record.sent?.version == version
            else { return }
            prove(key, createdAt: pact.createdAt, isLatest: false)
        case .absent where !bulk.isOneByOne && pairs[key]?.latestSeen == version:
            // The list names it: let it speak again, once. A proxy may refuse a name with a slash.
            if pairs[key]?.readFailures == 0 { bulk.ask(now) }
            singleReadFailed(key, now)
        case .absent: isMissing(key, version, now)
        default: singleReadFailed(key, now)
        }
    }

    /// Says nothing about the broker, whatever the status: it may be this pair's name or size. The next check is soon.
    private mutating func singleReadFailed(_ key: PairKey, _ now: MonotonicTime) {
        pairs[key]?.isNotReadable(now, first: configuration.checkInterval, random: jitter.next())
    }

    // MARK: What the list says about our pairs

    private mutating func evaluateAll(_ pacts: [LatestPact], _ now: MonotonicTime) {
        var latest: [PairKey: LatestPact] = [:]
        for pact in pacts where pairs[pact.key] != nil { latest[pact.key] = pact }
        var consumersToAdvance: Set<PairKey> = []
        let missing = counters.repairs[PlanNote.Repair.missing.rawValue]
        for key in pairs.keys { evaluate(key, latest[key], now, &consumersToAdvance) }
        // Somebody has emptied the broker or deleted something: perhaps also what our contracts were refused for.
        if counters.repairs[PlanNote.Repair.missing.rawValue] != missing {
            retryRefused(now)
        }
        answer(consumersToAdvance)
    }

    private mutating func evaluate(
        _ key: PairKey,
        _ latest: LatestPact?,
        _ now: MonotonicTime,
        _ consumersToAdvance: inout Set<PairKey>
    ) {
        guard let record = pairs[key] else { return }
        if record.isNews(latest: latest?.version) { pairs[key]?.isLookedFor(latest: latest?.version) }
        guard let latest else {
            // Accepted just now: the list may be a moment behind.
            let isNew = record.sent?.acceptedAt.map { now - $0 < configuration.checkInterval } ?? false
            if !isNew { isMissing(key, nil, now) }
            return
        }
        if let sent = record.sent, sent.version == latest.version {
            // Content that is in doubt is proven by reading it.
            if record.doubt == nil { prove(key, createdAt: latest.createdAt, isLatest: true) }
        } else if record.sent == nil, record.verified?.version == latest.version {
            guard record.isNews(createdAt: latest.createdAt) else { return }
            pairs[key]?.isConfirmed(createdAt: latest.createdAt)
            changes += 1
        } else if record.failure?.published.kind == PairRecord.Failure.overwritten {
            if record.doubt?.version == latest.version { pairs[key]?.noteOverwritten(createdAt: latest.createdAt) }
        } else {
            isNotLatest(key, record, latest, now, &consumersToAdvance)
        }
    }

    private mutating func answer(_ consumersToAdvance: Set<PairKey>) {
        for consumer in consumersToAdvance.sorted().map(\.consumer) {
            advanceVersion(of: consumer, reason: "another version is the latest of one of its pairs")
        }
    }

    // MARK: One pair

    private mutating func prove(_ key: PairKey, createdAt: String?, isLatest: Bool) {
        guard let sent = pairs[key]?.sent else { return }
        let before = pairs[key]?.verified
        pairs[key]?.isProven(createdAt: createdAt, isLatest: isLatest)
        if before?.sha256 != sent.sha256 || before?.version != sent.version {
            let isChange = before.map { $0.sha256 != sent.sha256 } ?? false
            let wasThere = sent.wasThere
            note(.published(key, version: sent.version, createdAt: createdAt, isChange: isChange, wasThere: wasThere))
        }
        changes += 1
    }

    /// - Parameter version: The one that was asked for; `nil` if the broker has nothing of the pair.
    private mutating func isMissing(_ key: PairKey, _ version: String?, _ now: MonotonicTime) {
        let before = pairs[key]
        if let lost = pairs[key]?.isMissing(version, now, random: jitter.next()) {
            repairing(key, .missing, "version \(lost.version) is no longer in the broker")
        }
        if pairs[key] != before { changes += 1 }
    }

    /// - Returns: False if the content is not ours: nothing else that the answer says counts.
    private mutating func take(
        _ pact: PactVersion,
        of key: PairKey,
        _ version: String,
        _ computedSHA: String?,
        _ now: MonotonicTime
    ) -> Bool {
        if let computedSHA, computedSHA == pact.sha { computedSHAsAgree = true }
        let failure = pairs[key]?.failure
        let hadDoubt = pairs[key]?.doubt != nil
        switch pairs[key]?.read(pact, of: version, computedSHA: computedSHA) {
        case nil, .nothing?: return true
        case .ours?:
            // No news for readers, as a rule: the SHA is written down with the next change, or within a minute.
            if hadDoubt || failure != pairs[key]?.failure { changes += 1 }
            return true
        case .lost?:
            changes += 1
            return false
        case .doubtful?:
            repairing(key, .different, "version \(version) seems to hold other content than ours")
            if (pairs[key]?.overwrites ?? 0) <= PairRecord.maximumOverwrites { return false }
        case .overwritten?:
            repairing(key, .different, "version \(version) was overwritten with other content")
        }
        answerOverwrite(key, version, pact, now)
        return false
    }

    /// A doubt is answered under the same version: the broker may only count otherwise than we do, and if it does not,
    /// its 200 or 409 tells. Whoever has overwritten that too is evaded with another version, and in the end not fought.
    private mutating func answerOverwrite(
        _ key: PairKey,
        _ version: String,
        _ pact: PactVersion,
        _ now: MonotonicTime
    ) {
        guard let overwrites = pairs[key]?.overwrites else { return }
        guard overwrites > PairRecord.maximumOverwrites else {
            if consumers[key.consumer]?.version == version {
                advanceVersion(of: key.consumer, reason: "somebody else writes over \(version)")
            }
            return
        }
        let date = pact.createdAt.map { " at \($0)" } ?? ""
        fail(
            [key],
            kind: PairRecord.Failure.overwritten,
            status: nil,
            "another publisher has written over version \(version) of \(key.consumer)\(date) with other content "
                + "(pact version \(pact.sha ?? "unknown")), after we had answered \(PairRecord.maximumOverwrites) times; "
                + "find it, or set allow_dangerous_contract_modification to false in the broker",
            now,
            isRepeated: false
        )
    }
}
