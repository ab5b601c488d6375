import Shared

@testable import HealthServer

/// States of the world for tests: a run in which everything is published, and ways to spoil it.
enum Situations {
    static let run = "run-1"
    static let boot = "boot-1"
    /// Ten minutes after the clock's zero, five after the manager's start.
    static let now = MonotonicTime(milliseconds: 600_000)
    static let managerStarted = MonotonicTime(milliseconds: 300_000)
    static let readAt = UTCTimestamp(milliseconds: 1_700_000_000_000)
    static let provider = "GCP-Secret-Manager"
    static let otherProvider = "AWS-Secrets-Manager"
    static let consumer = "Secret-Manager-Controller"
    static let sha = String(repeating: "a1", count: 32)
    static let olderSHA = String(repeating: "b2", count: 32)

    static func rules(_ mode: Settings.ReadinessMode = .settled, supervised: Bool = true) -> EvaluationRules {
        EvaluationRules(
            mode: mode,
            stalenessLimit: .seconds(6),
            checkInterval: .seconds(2),
            sourceDescription: "directory /pact-contracts (CONFIGMAP_PATH)",
            isSupervised: supervised,
            bootID: boot,
            started: managerStarted
        )
    }

    static func situation(
        _ sections: StateSections,
        mode: Settings.ReadinessMode = .settled,
        supervised: Bool = true,
        problem: StateProblem? = nil,
        tick: UInt32? = 598,
        isStopping: Bool = false
    ) -> Situation {
        let snapshot = RunSnapshot(
            sections: sections,
            supervisedRun: supervised ? run : nil,
            bootID: boot,
            readAt: readAt
        )
        return Situation(
            view: StateView(snapshot: snapshot, problem: problem, tick: tick),
            rules: rules(mode, supervised: supervised),
            isStopping: isStopping,
            now: now
        )
    }

    // MARK: sections

    static func processes(run: String = run, stopping: Bool = false, boot: String = boot) -> ProcessesState {
        ProcessesState(
            run: run,
            manager: ProcessesState.Manager(
                pid: 1,
                version: "0.1.0",
                startedAt: "2026-11-23T01:00:00.000Z",
                started: managerStarted,
                bootID: boot
            ),
            stopping: stopping
        )
    }

    static func source(
        _ pairs: [DesiredPair],
        status: SourceState.Status = .present,
        invalidKeys: Int = 0,
        run: String = run
    ) -> SourceState {
        var source = SourceState(run: run, description: "directory /pact-contracts", status: status)
        source.pairs = pairs
        source.invalidCount = invalidKeys
        source.invalid = (0..<invalidKeys).map { SourceState.InvalidKey(key: "bad-\($0).json", reason: "not JSON") }
        return source
    }

    static func broker(
        _ status: BrokerState.Status = .ready,
        checkedSecondsAgo age: Int64? = 1,
        requestDeadlineIn deadline: Int64? = nil,
        run: String = run
    ) -> BrokerState {
        var broker = BrokerState(run: run, url: "http://pact-broker:9292", status: status)
        broker.detail = status == .ready ? nil : "detail of \(status.rawValue)"
        broker.checked = age.map { now - .seconds($0) }
        broker.requestDeadline = deadline.map { now + .seconds($0) }
        return broker
    }

    static func publication(_ pairs: [PublishedPair], run: String = run) -> PublicationState {
        var publication = PublicationState(run: run)
        publication.verifiedOnce = true
        publication.verifiedAt = "2026-11-23T01:00:00.000Z"
        publication.pairs = pairs
        return publication
    }

    // MARK: pairs

    static func desired(
        _ provider: String = provider,
        consumer: String = consumer,
        sha: String? = sha,
        problem: String? = nil
    ) -> DesiredPair {
        DesiredPair(consumer: consumer, provider: provider, sha256: sha, files: ["a.json"], problem: problem)
    }

    static func published(
        _ provider: String = provider,
        consumer: String = consumer,
        sha: String? = sha,
        at createdAt: String? = "2024-01-01T00:00:00+00:00"
    ) -> PublishedPair {
        var pair = PublishedPair(consumer: consumer, provider: provider)
        pair.verifiedSHA256 = sha
        pair.version = sha == nil ? nil : "main-abc123"
        pair.publishedAt = sha == nil ? nil : createdAt
        pair.verifiedAt = sha == nil ? nil : "2026-11-23T01:00:00.000Z"
        return pair
    }

    static func failed(_ provider: String = provider) -> PublishedPair {
        var pair = published(provider, sha: nil)
        pair.failure = PublishedPair.Failure(
            sha256: sha,
            kind: "rejected",
            httpStatus: 422,
            reason: "the broker's own text"
        )
        return pair
    }

    static func publishing(_ provider: String = provider) -> PublishedPair {
        var pair = published(provider, sha: nil)
        pair.publishingSHA256 = sha
        return pair
    }

    static func superseded(_ provider: String = provider) -> PublishedPair {
        var pair = published(provider)
        pair.superseded = PublishedPair.Superseded(version: "somebody-9", createdAt: "2026-01-01T00:00:00+00:00")
        return pair
    }

    /// Everything of this run, with these pairs.
    static func sections(_ pairs: [DesiredPair], _ published: [PublishedPair], invalidKeys: Int = 0) -> StateSections {
        StateSections(
            processes: processes(),
            source: source(pairs, invalidKeys: invalidKeys),
            broker: broker(),
            publication: publication(published)
        )
    }

    /// Two providers, both published.
    static var allPublished: StateSections {
        sections([desired(otherProvider), desired()], [published(otherProvider), published()])
    }

    static func changed(_ sections: StateSections, _ change: (inout StateSections) -> Void) -> StateSections {
        var sections = sections
        change(&sections)
        return sections
    }
}
