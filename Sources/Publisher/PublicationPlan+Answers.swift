import Shared
import SharedHTTP

extension PublicationPlan {
    /// Takes the answer to the request in flight.
    ///
    /// - Parameters:
    ///   - took: From sending to the answer.
    ///   - computedSHA: The SHA that we compute for ``contentToCompare(_:)``.
    mutating func handle(
        _ outcome: BrokerOutcome,
        to request: BrokerRequest,
        took: Duration,
        now: MonotonicTime,
        computedSHA: String? = nil
    ) {
        inFlight = nil
        counters.requests += 1
        switch request {
        case .heartbeat, .dependencies, .index:
            let wasReady = check.isReady
            guard check.handle(outcome, took: took, now: now, random: jitter.next()) else { return }
            checkCompleted(wasReady: wasReady, now)
        case .latestPacts: handleBulk(outcome, took: took, now)
        case .latestPact(let key): handleLatest(outcome, of: key, computedSHA, now)
        case .pactVersion(let key, let version): handleVersion(outcome, of: key, version, computedSHA, now)
        case .publish(let batch): handlePublish(outcome, of: batch, took: took, now)
        case .createPacticipant(let name): handleCreation(outcome, of: name, now)
        case .label(let label): handleLabel(outcome, of: label, now)
        }
    }

    /// The bulk read belongs to the check: what it costs is known, and what is missing is found within two intervals.
    private mutating func checkCompleted(wasReady: Bool, _ now: MonotonicTime) {
        if check.isReady { noteThatBrokerIsThere() } else { noteThatBrokerIsAway(now) }
        if check.isReady, wasReady {
            // One that failed has a time of its own.
            if bulk.failures == 0, !bulk.isKnown || isListDueAfterCheck(now) { bulk.ask(now) }
            if configuration.rollingCheck, !isListRecent(now) { isRollingDue = true }
        } else if check.isReady {
            brokerIsBack(now)
        }
        endRefusalIfIdle()
        decideUndecided(now)
    }

    /// The list is read after each regular check; where pairs are read one by one, nobody asks for it.
    private func isListDueAfterCheck(_ now: MonotonicTime) -> Bool {
        bulk.isKnown && !bulk.isOneByOne && pairs.count > 0 && !isListRecent(now)
    }

    /// A check out of turn, after a 500, brings no second read within an interval.
    private func isListRecent(_ now: MonotonicTime) -> Bool {
        bulk.last.map { now - $0 < configuration.checkInterval / 2 } ?? false
    }

    /// What answers now may be another broker, or an emptied one: nothing that was proven before counts until it is
    /// read again.
    private mutating func brokerIsBack(_ now: MonotonicTime) {
        for key in pairs.keys {
            pairs[key]?.mustBeConfirmed()
        }
        retryRefused(now)
        bulk.brokerIsBack(now)
        isRollingDue = configuration.rollingCheck
        publishNotBefore = min(publishNotBefore, now)
        changes += 1
    }

    /// A 500 was not the database's fault: it counts against the contracts.
    private mutating func decideUndecided(_ now: MonotonicTime) {
        guard let sending, let undecided = sending.undecided else { return }
        self.sending = nil
        var group = stillDesired(sending)
        guard check.isReady else {
            group.outages += 1
            requeue(group)
            return
        }
        group.errors += 1
        if group.keys.count > 1, group.isSplit || group.errors >= 3 {
            split(group)
        } else if group.errors >= 3 {
            let text =
                undecided.reference
                .map { "\(undecided.text) (the broker's log has it under reference \($0))" } ?? undecided.text
            fail(group.keys, kind: "broker_error", status: 500, text, now)
        } else {
            groups.append(group)
            backOff(now, attempt: group.errors)
        }
    }

    /// The group without contracts that have changed or left since they were sent: no answer is about those.
    private func stillDesired(_ sending: Sending) -> Group {
        let sent = Dictionary(
            zip(sending.batch.keys, sending.batch.items.map(\.content.sha256)),
            uniquingKeysWith: { first, _ in first }
        )
        var group = sending.group
        group.keys.removeAll { sent[$0] != pairs[$0]?.desired.sha256 }
        return group
    }

    private mutating func handlePublish(
        _ outcome: BrokerOutcome,
        of batch: PublicationBatch,
        took: Duration,
        _ now: MonotonicTime
    ) {
        changes += 1
        counters.publishDuration.observe(took)
        var sending = self.sending ?? Sending(group: Group(keys: batch.keys), batch: batch)
        self.sending = nil
        let group = stillDesired(sending)
        for key in group.keys { pairs[key]?.isAttempted() }
        switch outcome {
        case .published(let notices): accepted(batch, notices, now)
        case .transient(let transient):
            count(transient.cause == .transport(.timeout) ? "timeout" : "unavailable", batch)
            postpone(group, transient, took: took, now)
            check.expedite(now)
        case .unauthorized(let text): refuse(group, .unauthorized, text, batch, now)
        case .forbidden(let text): refuse(group, .forbidden, text, batch, now)
        case .noSuchEndpoint(let text), .notABroker(let text): refuse(group, .notABroker, text, batch, now)
        case .brokerError(let text, let reference):
            count("unavailable", batch)
            for key in group.keys { pairs[key]?.isPostponed(text) }
            sending.undecided = .init(text: text, reference: reference)
            self.sending = sending
            // A check under way was begun before; only one begun now tells whether the database is there.
            check.restart(now)
        case .contentConflict(let text, let jsonPaths):
            count("conflict", batch)
            conflict(group, batch, text, jsonPaths, now)
        case .similarName(let text, let name):
            count("similar_name", batch)
            similarName(group, batch, text, name, now)
        case .rejected(let status, let text):
            count("rejected", batch)
            splitOrFail(group, kind: "rejected", status: status, text, now)
        case .alive, .databaseUp, .databaseDown, .index, .latest, .pact, .absent, .created:
            preconditionFailure("no answer to a publication")
        }
    }

    private mutating func accepted(_ batch: PublicationBatch, _ notices: PublishNotices, _ now: MonotonicTime) {
        count(notices.isUnchanged ? "unchanged" : "created", batch)
        publishFailures = 0
        check.endRefusal()
        consumers[batch.consumer]?.isAccepted()
        label(batch.consumer, batch.version)
        for text in notices.warnings { note(.brokerWarning(consumer: batch.consumer, text: text)) }
        for item in batch.items {
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            if pairs[key]?.batchLimit != nil {
                suspectFailures = 0
                suspectOutages = 0
                suspectsNotBefore = min(suspectsNotBefore, now)
            }
            pairs[key]?.isAccepted(item.content.sha256, as: batch.version, notices: notices, at: now)
        }
    }

    private mutating func conflict(
        _ group: Group,
        _ batch: PublicationBatch,
        _ text: String,
        _ jsonPaths: [String],
        _ now: MonotonicTime
    ) {
        consumers[batch.consumer]?.isRefused()
        let conflicts = consumers[batch.consumer]?.conflicts ?? 0
        let reason = "the broker has other content under \(batch.version)"
        if conflicts <= ConsumerRecord.maximumConflicts, advanceVersion(of: batch.consumer, reason: reason) { return }
        splitOrFail(group, kind: "conflict", status: 409, text, now, jsonPaths: jsonPaths)
    }

    private mutating func similarName(
        _ group: Group,
        _ batch: PublicationBatch,
        _ brokerText: String,
        _ name: String?,
        _ now: MonotonicTime
    ) {
        let text =
            configuration.createPacticipants
            ? brokerText
            : brokerText + " (here: correct the name in the contract, or set CREATE_PACTICIPANTS=true)"
        if configuration.createPacticipants, let name, !created.contains(name) {
            creations.append(name)
            groups.append(group)
        } else if name == batch.consumer {
            // A consumer that the broker does not know yet: no contract of it can be accepted.
            let keys = keys(of: batch.consumer)
                .filter { key in
                    let isEdited = batch.keys.contains(key) && !group.keys.contains(key)
                    return !isEdited && pairs[key]?.needsPublishing(as: batch.version, now: now) ?? false
                }
            fail(keys, kind: "similar_name", status: 409, text, now)
        } else if let culprit = group.keys.first(where: { $0.provider == name }) {
            fail([culprit], kind: "similar_name", status: 409, text, now)
            var rest = group
            rest.keys.removeAll { $0 == culprit }
            groups.append(rest)
        } else {
            splitOrFail(group, kind: "similar_name", status: 409, text, now)
        }
    }

    private mutating func handleCreation(_ outcome: BrokerOutcome, of name: String, _ now: MonotonicTime) {
        switch outcome {
        case .created:
            created.insert(name)
            creations.removeAll { $0 == name }
            note(.pacticipantCreated(name))
            check.endRefusal()
        case .transient(let transient):
            backOff(now, retryAfter: transient.retryAfter)
            check.expedite(now)
        case .unauthorized(let text):
            check.refuse(.unauthorized, text)
            backOff(now, slow: true)
        default:
            // Counts as created: the next 409 about this name then fails the contract with the broker's text.
            created.insert(name)
            creations.removeAll { $0 == name }
        }
    }
}
