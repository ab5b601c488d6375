import Shared
import SharedHTTP

extension PublicationPlan {
    /// Takes the answer to the request in flight.
    ///
    /// - Parameter took: From sending to the answer.
    mutating func handle(_ outcome: BrokerOutcome, to request: BrokerRequest, took: Duration, now: MonotonicTime) {
        inFlight = nil
        counters.requests += 1
        switch request {
        case .heartbeat, .dependencies, .index:
            let wasReady = check.isReady
            guard check.handle(outcome, took: took, now: now, random: jitter.next()) else { return }
            checkCompleted(wasReady: wasReady, now)
        case .latestPacts: handleBulk(outcome, took: took, now)
        case .latestPact(let key): handleLatest(outcome, of: key, now)
        case .pactVersion(let key, let version): handleVersion(outcome, of: key, version, now)
        case .publish(let batch): handlePublish(outcome, of: batch, now)
        case .createPacticipant(let name): handleCreation(outcome, of: name, now)
        case .label(let label): handleLabel(outcome, of: label, now)
        }
    }

    /// The bulk read belongs to the check: what it costs is known, and what is missing is found within two intervals.
    private mutating func checkCompleted(wasReady: Bool, _ now: MonotonicTime) {
        if check.isReady {
            // A check out of turn, after a 500, brings no second read within an interval.
            let isRecent = wasReady && bulk.last.map { now - $0 < configuration.checkInterval / 2 } ?? false
            if !bulk.isKnown || (!order.isEmpty && !isRecent) { bulk.due = min(bulk.due ?? now, now) }
            if configuration.rollingCheck, !isRecent { isRollingDue = true }
            if !wasReady { publishNotBefore = min(publishNotBefore, now) }
        }
        guard let (text, reference) = undecided else { return }
        undecided = nil
        guard var group = current else { return }
        current = nil
        guard check.isReady else {
            groups.append(group)
            return
        }
        group.errors += 1
        if group.keys.count > 1, group.isSplit || group.errors >= 3 {
            split(group)
        } else if group.errors >= 3 {
            let text = reference.map { "\(text) (the broker's log has it under reference \($0))" } ?? text
            fail(group.keys, kind: "broker_error", status: 500, text, now)
        } else {
            groups.append(group)
            backOff(now, attempt: group.errors)
        }
    }

    private mutating func handlePublish(_ outcome: BrokerOutcome, of batch: PublicationBatch, _ now: MonotonicTime) {
        changes += 1
        for key in batch.keys { pairs[key]?.attempts += 1 }
        let group = current ?? Group(keys: batch.keys)
        current = nil
        switch outcome {
        case .published(let notices): accepted(batch, notices)
        case .transient(let transient):
            count(transient.cause == .transport(.timeout) ? "timeout" : "unavailable", batch)
            postpone(group, transient.text, now, retryAfter: transient.retryAfter)
            check.expedite(now)
        case .unauthorized(let text): refuse(group, .unauthorized, text, batch, now)
        case .forbidden(let text): refuse(group, .forbidden, text, batch, now)
        case .noSuchEndpoint(let text), .notABroker(let text): refuse(group, .notABroker, text, batch, now)
        case .brokerError(let text, let reference):
            count("unavailable", batch)
            for key in batch.keys { pairs[key]?.lastError = text }
            current = group
            undecided = (text, reference)
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

    private mutating func accepted(_ batch: PublicationBatch, _ notices: PublishNotices) {
        count(notices.isUnchanged ? "unchanged" : "created", batch)
        publishFailures = 0
        check.refusal = nil
        consumers[batch.consumer]?.conflicts = 0
        label(batch.consumer, batch.version)
        for text in notices.warnings { notes.append(.brokerWarning(consumer: batch.consumer, text: text)) }
        for item in batch.items {
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            pairs[key]?.sent = .init(sha256: item.content.sha256, version: batch.version)
            guard pairs[key]?.desired.sha256 == item.content.sha256 else { continue }
            pairs[key]?.failure = nil
            pairs[key]?.lastError = nil
            pairs[key]?.notBefore = nil
        }
    }

    private mutating func conflict(
        _ group: Group,
        _ batch: PublicationBatch,
        _ text: String,
        _ jsonPaths: [String],
        _ now: MonotonicTime
    ) {
        consumers[batch.consumer]?.conflicts += 1
        let conflicts = consumers[batch.consumer]?.conflicts ?? 0
        let reason = "the broker has other content under \(batch.version)"
        if conflicts <= ConsumerRecord.maximumConflicts, advanceVersion(of: batch.consumer, reason: reason) { return }
        splitOrFail(group, kind: "conflict", status: 409, text, now, jsonPaths: jsonPaths)
    }

    private mutating func similarName(
        _ group: Group,
        _ batch: PublicationBatch,
        _ text: String,
        _ name: String?,
        _ now: MonotonicTime
    ) {
        if configuration.createPacticipants, let name, !created.contains(name) {
            creations.append(name)
            groups.append(group)
        } else if name == batch.consumer {
            // A consumer that the broker does not know yet: no contract of it can be accepted.
            let keys = order(of: batch.consumer)
                .filter {
                    pairs[$0]?.needsPublishing(as: batch.version, now: now) ?? false
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
            notes.append(.pacticipantCreated(name))
        case .transient(let transient):
            backOff(now, retryAfter: transient.retryAfter)
            check.expedite(now)
        case .unauthorized(let text):
            check.refusal = .init(status: .unauthorized, text: text)
            backOff(now, slow: true)
        default:
            // Counts as created: the next 409 about this name then fails the contract with the broker's text.
            created.insert(name)
            creations.removeAll { $0 == name }
        }
    }
}
