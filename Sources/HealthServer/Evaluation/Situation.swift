internal import Shared

/// Everything an answer depends on, and rows 1 to 7 of docs/endpoints.md's table: what keeps every contract from counting.
struct Situation: Sendable {
    var view: StateView
    var rules: EvaluationRules
    /// This process was told to stop.
    var isStopping: Bool
    var now: MonotonicTime

    var sections: StateSections { view.snapshot.sections }

    /// Rows 1 to 7 in order; the first is the answer's reason.
    ///
    /// - Parameter includingSource: False for `READINESS_MODE=broker`, which asks about the broker alone.
    func blockers(includingSource: Bool = true) -> [Reason] {
        var reasons: [Reason] = []
        if let stopping { reasons.append(stopping) }
        if let unwritten {
            reasons.append(unwritten)
            return reasons
        }
        if includingSource, let sourceProblem { reasons.append(sourceProblem) }
        if let brokerProblem { reasons.append(brokerProblem) }
        if case .notWritable(let detail) = view.problem, !reasons.isEmpty {
            reasons.append(Reason(code: .stateNotWritable, detail: detail))
        }
        return reasons
    }

    /// Row 1.
    private var stopping: Reason? {
        guard isStopping || sections.processes?.stopping == true else { return nil }
        return Reason(code: .stopping, detail: "the manager is stopping")
    }

    /// Row 2.
    var unwritten: Reason? {
        guard view.snapshot.isEmpty else { return nil }
        switch view.problem {
        case .notWritable(let detail): return Reason(code: .stateNotWritable, detail: detail)
        case .unreadable(let detail): return Reason(code: .starting, detail: detail)
        case nil: return Reason(code: .starting, detail: "nothing has been written to the state in this run yet")
        }
    }

    /// Rows 3 and 4. Row 5, a source that was lost, is no blocker but a warning.
    var sourceProblem: Reason? {
        guard let source = sections.source else {
            return Reason(
                code: .sourceUnread,
                detail: "the contracts have not been read yet in this run: \(rules.sourceDescription)"
            )
        }
        switch source.status {
        case .unread:
            let detail = source.detail.map { " (\($0))" } ?? ""
            return Reason(
                code: .sourceUnread,
                detail: "the contracts have not been read yet in this run: \(source.description)\(detail)"
            )
        case .missing:
            return Reason(
                code: .sourceMissing,
                detail: "no contracts can be read from \(source.description): "
                    + (source.detail ?? "create it or correct the setting")
            )
        case .present, .lost: return nil
        }
    }

    /// Rows 6 and 7.
    var brokerProblem: Reason? {
        let broker = sections.broker
        if isPublisherSilent {
            let age = (now - lastKnowledge).components.seconds
            return Reason(
                code: .publisherSilent,
                detail: "nothing was heard about the broker for \(age) s; the publisher may be restarting"
            )
        }
        guard let broker, broker.status != .unknown else {
            return Reason(code: .broker(.unknown), detail: "the broker has not been checked yet in this run")
        }
        guard broker.status != .ready else { return nil }
        return Reason(
            code: .broker(broker.status),
            detail: "the broker \(broker.url) is not ready: \(broker.detail ?? broker.status.rawValue)"
        )
    }

    /// The broker's last check, or the moment from which one was to be expected.
    private var lastKnowledge: MonotonicTime {
        // A time that has not come yet is of another boot: no knowledge.
        if let checked = sections.broker?.checked, checked <= now { return checked }
        let managerStarted = sections.processes?.manager.started
        return max(managerStarted ?? rules.started, rules.started)
    }

    private var isPublisherSilent: Bool {
        if let deadline = sections.broker?.requestDeadline, deadline >= now { return false }
        return now - lastKnowledge > rules.stalenessLimit
    }

    /// The watcher sends a heartbeat every 10 s, and the supervisor writes it down every 5 s: one may be lost.
    private static let watcherSilenceLimit = Duration.seconds(27)
    /// We ourselves send one every few seconds. If even the newest is older than this, the section is not written any
    /// more, and says nothing about the watcher.
    private static let oldSectionAge = Duration.seconds(15)

    /// No blocker, for what was read still holds: a watcher that sees no edits.
    var watcherProblem: Reason? {
        guard let processes = sections.processes, !processes.stopping,
            let watcher = processes.workers.first(where: { $0.name == WorkerName.watcher.rawValue })
        else { return nil }
        let lost = "; edits of the contracts are not seen meanwhile"
        if watcher.crashLooping || (watcher.phase == .waiting && watcher.lastExit != nil) {
            return Reason(code: .watcherSilent, detail: "the watcher died and is started again\(lost)")
        }
        guard watcher.phase == .ready else { return nil }
        guard let last = watcher.lastHeartbeat ?? watcher.ready, last <= now, now - last > Self.watcherSilenceLimit
        else { return nil }
        let newest = processes.workers.compactMap { $0.lastHeartbeat ?? $0.ready }.filter { $0 <= now }.max() ?? last
        guard now - newest <= Self.oldSectionAge else { return nil }
        let age = (now - last).components.seconds
        return Reason(code: .watcherSilent, detail: "the watcher gave no sign of life for \(age) s\(lost)")
    }

    /// The broker answered as it should, and that is no old news.
    var isBrokerHealthy: Bool { sections.broker?.status == .ready && !isPublisherSilent }
}
