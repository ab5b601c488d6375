internal import Shared

extension Answer {
    /// `/providers`: always 200.
    ///
    /// - Parameter list: ``Document/providers(isBlocked:)`` of the situation's snapshot.
    static func providers(_ situation: Situation, list: [UInt8]) -> Answer {
        // Of a source that is there in part only, no provider's own word says that another may be missing.
        let reason = ProviderReadiness.blocker(situation) ?? situation.sections.source?.missingPart
        var writer = JSONWriter(reserving: list.count + 256)
        writer.object { writer in
            writer.field("synced", isSynced(situation))
            writer.field("reason", ifPresent: reason?.code.text)
            writer.field("detail", ifPresent: reason?.detail)
            writer.field("providers", encoded: list)
        }
        return Answer(status: 200, body: writer.bytes)
    }

    /// `/status` for programs: the verdicts as the probes give them, then everything in the state.
    ///
    /// - Parameter sections: ``Document/sections`` of the situation's snapshot.
    static func status(
        _ situation: Situation,
        evaluation: ProbeEvaluation,
        since: String,
        waiters: Int,
        sections: [UInt8]
    ) -> Answer {
        var writer = JSONWriter(reserving: sections.count + 2048)
        writer.object { writer in
            writer.field("schema", "pact-mocks-manager.status/1")
            writer.field("version", BuildVersion.number)
            writer.field("run", orNull: situation.view.snapshot.run)
            writer.object("liveness") { $0.write(evaluation.liveness) }
            writer.object("readiness") { $0.write(evaluation, rules: situation.rules, since: since) }
            writer.field("synced", isSynced(situation))
            writer.field("state_problem", orNull: situation.view.problem?.detail)
            writer.field("waiters", waiters)
            if !sections.isEmpty { writer.members(sections) }
        }
        return Answer(status: 200, body: writer.bytes)
    }

    /// The whole source was read in this run, so that a provider that is not in it is really unknown.
    private static func isSynced(_ situation: Situation) -> Bool {
        let source = situation.sections.source
        return switch source?.status {
        case .present, .lost: source?.missingPart == nil
        case .unread, .missing, nil: false
        }
    }
}
