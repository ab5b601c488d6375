import Shared

@testable import HealthServer

/// The rows of docs/endpoints.md's table, most of them in several cases.
enum ProbeTable {
    private typealias S = Situations

    static let rows: [ProbeRow] = blockedRows + brokerRows + configMapRows + contractRows + livenessRows

    private static var blockedRows: [ProbeRow] {
        let all = S.allPublished
        let otherRun = StateSections(
            processes: S.processes(run: "run-0"),
            source: S.source([S.desired()], run: "run-0"),
            broker: S.broker(run: "run-0"),
            publication: S.publication([S.published()], run: "run-0")
        )
        return [
            .blocked("1 our own SIGTERM", all, isStopping: true, reason: "stopping"),
            .blocked(
                "1 the manager stops",
                S.changed(all) { $0.processes?.stopping = true },
                reason: "stopping"
            ),
            .blocked(
                "1 before 7",
                S.changed(all) { $0.broker = S.broker(.refused) },
                isStopping: true,
                reason: "stopping"
            ),
            .blocked("2 nothing written", StateSections(), reason: "starting"),
            .blocked("2 only another run", otherRun, reason: "starting"),
            .blocked("2 unreadable", StateSections(), problem: .unreadable("garbage"), reason: "starting"),
            .blocked(
                "2 not writable",
                StateSections(),
                problem: .notWritable("read-only"),
                reason: "state_not_writable",
                provider: "starting"
            ),
            .blocked(
                "3 no source section",
                S.changed(all) { $0.source = nil },
                reason: "source_unread",
                broker: .yes,
                provider: "starting"
            ),
            .blocked(
                "3 unread",
                S.changed(all) { $0.source = S.source([], status: .unread) },
                reason: "source_unread",
                broker: .yes,
                provider: "starting"
            ),
            .blocked(
                "3 source of another run",
                S.changed(all) { $0.source = S.source([S.desired()], run: "run-0") },
                reason: "source_unread",
                broker: .yes,
                provider: "starting"
            ),
            .blocked(
                "4 missing",
                S.changed(all) { $0.source = S.source([], status: .missing) },
                reason: "source_missing",
                broker: .yes
            ),
            .blocked(
                "4 before 6",
                S.changed(all) {
                    $0.source = S.source([], status: .missing)
                    $0.broker = S.broker(checkedSecondsAgo: 100)
                },
                reason: "source_missing",
                broker: .no("publisher_silent")
            ),
        ]
    }

    private static var brokerRows: [ProbeRow] {
        let all = S.allPublished
        let silent = [
            ("6 last check too old", S.broker(checkedSecondsAgo: 7)),
            ("6 last check too old, broker was down", S.broker(.refused, checkedSecondsAgo: 7)),
            ("6 request in flight is over time", S.broker(checkedSecondsAgo: 30, requestDeadlineIn: -1)),
            ("6 never checked", S.broker(.unknown, checkedSecondsAgo: nil)),
        ]
        let down = BrokerState.Status.allCases.filter { $0 != .ready && $0 != .unknown }
        return silent.map { name, broker in
            .blocked(name, S.changed(all) { $0.broker = broker }, reason: "publisher_silent")
        } + [
            .blocked("6 no broker section", S.changed(all) { $0.broker = nil }, reason: "publisher_silent"),
            .blocked(
                "7 not checked yet, request in flight",
                S.changed(all) { $0.broker = S.broker(.unknown, checkedSecondsAgo: nil, requestDeadlineIn: 3) },
                reason: "broker_unknown",
                provider: "broker_unavailable"
            ),
        ]
            + down.map { status in
                .blocked(
                    "7 \(status.rawValue)",
                    S.changed(all) { $0.broker = S.broker(status) },
                    reason: "broker_\(status.rawValue)",
                    provider: "broker_unavailable"
                )
            }
    }

    private static var contractRows: [ProbeRow] {
        let other = S.desired(S.otherProvider)
        let otherPublished = S.published(S.otherProvider)
        let lost = S.changed(S.allPublished) { $0.source?.status = .lost }
        return [
            ProbeRow("5 lost, all published", lost, settled: .yes, provider: .yes, state: "published", ready: .yes),
            ProbeRow(
                "5 lost, one pending",
                S.changed(lost) { $0.publication = S.publication([otherPublished]) },
                settled: .no("pending"),
                any: .yes,
                provider: .no("pending"),
                state: "pending",
                ready: .yes
            ),
            ProbeRow(
                "6 old check, but a request is in flight",
                S.changed(S.allPublished) { $0.broker = S.broker(checkedSecondsAgo: 30, requestDeadlineIn: 3) },
                settled: .yes,
                provider: .yes,
                ready: .yes
            ),
            ProbeRow("8 empty", S.sections([], []), settled: .yes, provider: .unknown, ready: .no("no_contracts")),
            ProbeRow(
                "9 only a pending pair",
                S.sections([S.desired()], []),
                settled: .no("pending"),
                provider: .no("pending"),
                state: "pending",
                ready: .no("pending")
            ),
            ProbeRow(
                "9 publishing",
                S.sections([S.desired()], [S.publishing()]),
                settled: .no("pending"),
                provider: .no("pending"),
                state: "publishing",
                ready: .no("pending")
            ),
            ProbeRow(
                "9 pending beside published",
                S.sections([other, S.desired()], [otherPublished]),
                settled: .no("pending"),
                any: .yes,
                provider: .no("pending"),
                state: "pending",
                ready: .yes
            ),
            ProbeRow(
                "9 before 11",
                S.sections([other, S.desired()], [S.failed(S.otherProvider)]),
                settled: .no("pending"),
                provider: .no("pending"),
                state: "pending",
                ready: .no("pending")
            ),
        ] + settledRows(other, otherPublished)
    }

    private static func settledRows(_ other: DesiredPair, _ otherPublished: PublishedPair) -> [ProbeRow] {
        [
            ProbeRow(
                "10 older revision verified",
                S.sections([other, S.desired()], [otherPublished, S.published(sha: S.olderSHA)]),
                settled: .yes,
                provider: .yes,
                state: "stale",
                ready: .yes
            ),
            ProbeRow(
                "10 new revision invalid",
                S.sections([S.desired(problem: "line 3: no")], [S.published()]),
                settled: .yes,
                provider: .yes,
                state: "stale",
                ready: .yes
            ),
            ProbeRow(
                "11 the only pair refused",
                S.sections([S.desired()], [S.failed()]),
                settled: .no("failed"),
                provider: .no("failed"),
                state: "failed",
                ready: .no("failed")
            ),
            ProbeRow(
                "11 refused beside published",
                S.sections([other, S.desired()], [otherPublished, S.failed()]),
                settled: .yes,
                strict: .no("failed"),
                provider: .no("failed"),
                state: "failed",
                ready: .yes
            ),
            ProbeRow(
                "12 superseded",
                S.sections([S.desired()], [S.superseded()]),
                settled: .yes,
                provider: .yes,
                state: "superseded",
                ready: .yes
            ),
            ProbeRow(
                "13 invalid files besides",
                S.sections([S.desired()], [S.published()], invalidKeys: 2),
                settled: .yes,
                provider: .yes,
                state: "published",
                ready: .yes
            ),
            ProbeRow(
                "13 invalid pair of the same provider",
                S.sections([S.desired(), S.desired(consumer: "Z", sha: nil, problem: "conflict")], [S.published()]),
                settled: .yes,
                strict: .no("invalid"),
                provider: .yes,
                state: "published",
                ready: .yes
            ),
            ProbeRow(
                "13 nothing but an invalid pair",
                S.sections([S.desired(sha: nil, problem: "conflict")], []),
                settled: .no("invalid"),
                provider: .no("invalid"),
                state: "invalid",
                ready: .no("invalid")
            ),
            ProbeRow(
                "13 nothing but invalid files",
                S.sections([], [], invalidKeys: 1),
                settled: .no("invalid"),
                provider: .unknown,
                ready: .no("invalid")
            ),
            ProbeRow(
                "14 all published",
                S.allPublished,
                settled: .yes,
                provider: .yes,
                state: "published",
                ready: .yes
            ),
            ProbeRow(
                "14 served from memory while the state is gone",
                S.allPublished,
                problem: .unreadable("missing"),
                tick: nil,
                settled: .yes,
                provider: .yes,
                ready: .yes
            ),
        ]
    }

    private static var livenessRows: [ProbeRow] {
        let all = S.allPublished
        func row(_ name: String, _ sections: StateSections, tick: UInt32?, liveness: Int) -> ProbeRow {
            ProbeRow(name, sections, tick: tick, liveness: liveness, settled: .yes, provider: .yes, ready: .yes)
        }
        return [
            row("tick of 30 s", all, tick: 570, liveness: 200),
            row("tick of 31 s", all, tick: 569, liveness: 503),
            row("no tick", all, tick: nil, liveness: 200),
            row("tick from before this manager's start", all, tick: 299, liveness: 200),
            row("tick from the manager's first second", all, tick: 300, liveness: 503),
            row("tick ahead of our clock", all, tick: 700, liveness: 200),
            row("another boot", S.changed(all) { $0.processes = S.processes(boot: "boot-0") }, tick: 1, liveness: 200),
            row("no processes section", S.changed(all) { $0.processes = nil }, tick: 1, liveness: 200),
        ]
    }
}
