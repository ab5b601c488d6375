import Shared

@testable import HealthServer

/// A state in which every block of the page has something to show.
enum PageFixture {
    static let clock = PageClock(
        wall: WallClock(milliseconds: 1_700_000_000_000),
        monotonic: Situations.now
    )

    /// Every kind of text that comes from elsewhere is `mark` with a word around it.
    static func sections(_ mark: String = "") -> StateSections {
        var sections = Situations.sections(
            [
                desired("provider-ok\(mark)", mark), desired("provider-refused\(mark)", mark),
                Situations.desired("provider-open\(mark)"),
            ],
            [Situations.published("provider-ok\(mark)", consumer: "consumer\(mark)"), refused(mark)]
        )
        sections.source = source(sections.source, mark)
        sections.broker = broker(mark)
        sections.processes = processes(mark)
        sections.publication?.warnings = ["publication-warning\(mark)"]
        sections.publication?.events = [
            StateEvent(
                time: "2023-11-14T22:13:10.000Z",
                message: "event\(mark)",
                fields: ["field\(mark)": "value\(mark)"]
            )
        ]
        return sections
    }

    private static func desired(_ provider: String, _ mark: String) -> DesiredPair {
        DesiredPair(
            consumer: "consumer\(mark)",
            provider: provider,
            sha256: Situations.sha,
            files: (0..<7).map { "file-\($0)\(mark).json" },
            warnings: ["oddity\(mark)"],
            problem: nil
        )
    }

    private static func refused(_ mark: String) -> PublishedPair {
        var pair = Situations.published("provider-refused\(mark)", consumer: "consumer\(mark)", sha: nil)
        pair.failure = PublishedPair.Failure(
            sha256: Situations.sha,
            kind: "conflict",
            httpStatus: 409,
            reason: "broker-text\(mark)",
            jsonPaths: ["$.path\(mark)"]
        )
        pair.lastError = "last-error\(mark)"
        pair.attempts = 4
        pair.nextAttemptAt = "2023-11-14T22:13:50Z"
        return pair
    }

    private static func source(_ base: SourceState?, _ mark: String) -> SourceState? {
        var source = base
        source?.description = "description\(mark)"
        source?.origin = "origin\(mark)"
        source?.detail = "source-detail\(mark)"
        source?.warnings = ["source-warning\(mark)"]
        source?.invalid = [.init(key: "invalid\(mark)", reason: "why-invalid\(mark)", line: 12, column: 34)]
        source?.invalidCount = 3
        source?.ignored = [.init(key: "ignored\(mark)", reason: "why-ignored\(mark)")]
        source?.ignoredCount = 1
        source?.keys = 9
        source?.bytes = 4321
        source?.readAt = "2023-11-14T22:13:00Z"
        source?.events = [StateEvent(time: "2023-11-14T22:13:12.000Z", message: "source event")]
        var configMap = ConfigMapState(namespace: "pact", name: "map\(mark)")
        configMap.connection = .waiting
        configMap.problem = ConfigMapState.Problem(code: "forbidden", detail: "map-problem\(mark)")
        configMap.problemSince = Situations.now - .seconds(30)
        configMap.lastByte = Situations.now - .seconds(40)
        configMap.connectedSince = "2023-11-14T22:00:00Z"
        configMap.resourceVersion = "rv\(mark)"
        configMap.restarts = ["dropped": 2, "ended": 1]
        source?.configMaps = [configMap]
        return source
    }

    private static func broker(_ mark: String) -> BrokerState {
        var broker = Situations.broker(.unauthorized)
        broker.url = "http://broker.example:9292/base\(mark)"
        broker.version = "2.116\(mark)"
        broker.detail = "broker-detail\(mark)"
        broker.checkedAt = "2023-11-14T22:13:18Z"
        broker.since = "2023-11-14T22:10:00Z"
        broker.lastSuccessAt = "2023-11-14T22:09:00Z"
        broker.latencyMilliseconds = 17
        broker.consecutiveFailures = 5
        return broker
    }

    private static func processes(_ mark: String) -> ProcessesState {
        var processes = Situations.processes()
        var worker = ProcessesState.Worker(name: "publisher")
        worker.phase = .ready
        worker.pid = 4242
        worker.started = Situations.now - .seconds(90)
        worker.restarts = 3
        worker.restartsByReason = ["signal": 2, "exit": 1]
        worker.lastExit = .init(signal: 9, signalName: "SIGKILL", at: "2023-11-14T22:11:50Z")
        var other = ProcessesState.Worker(name: "helper\(mark)")
        other.lastExit = .init(spawnFailure: "spawn\(mark)", at: "2023-11-14T22:11:50Z")
        other.nextStart = Situations.now + .seconds(7)
        processes.workers = [worker, other]
        processes.events = [StateEvent(time: "2023-11-14T22:13:14.000Z", message: "worker died")]
        return processes
    }

    static func subject(
        _ sections: StateSections,
        problem: StateProblem? = nil,
        waiting: [WaitingGroup] = []
    ) -> PageSubject {
        PageSubject(
            situation: Situations.situation(sections, problem: problem),
            since: "2023-11-14T22:10:00.000Z",
            waiting: waiting,
            waiters: waiting.reduce(0) { $0 + $1.count },
            streams: 2,
            clock: clock
        )
    }

    static func html(_ subject: PageSubject) -> String {
        let evaluation = ProbeEvaluation(subject.situation)
        let page = StatusPage(subject, evaluation: evaluation, memory: { pid, _ in pid == 4242 ? 13_631_488 : nil })
        return String(decoding: page.html(), as: UTF8.self)
    }
}
