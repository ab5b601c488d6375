import Logging
import NIOEmbedded
import Shared

@testable import HealthServer

/// The world that fuzzed requests meet: a provider that is ready, one that never is, names that need encoding, and a
/// clock that stands still.
///
/// Of this folder nothing needs a test library: the fuzzing program is built from it too.
enum FuzzWorld {
    static let run = "run-1"
    static let now = MonotonicTime(milliseconds: 600_000)
    static let published = "Published"
    static let pending = "Pending"
    static let sha = String(repeating: "a1", count: 32)

    static let rules = EvaluationRules(
        mode: .strict,
        stalenessLimit: .seconds(6),
        checkInterval: .seconds(2),
        sourceDescription: "directory /pact-contracts (CONFIGMAP_PATH)",
        isSupervised: true,
        bootID: "boot-1",
        started: MonotonicTime(milliseconds: 300_000)
    )

    static let sections: StateSections = {
        let names = [published, pending, "a/b c", "Bücher"]
        let pairs = names.map {
            DesiredPair(consumer: "Consumer", provider: $0, sha256: sha, files: ["\($0).json"], problem: nil)
        }
        var source = SourceState(run: run, description: "directory /pact-contracts", status: .present)
        source.pairs = pairs
        source.invalidCount = 1
        source.invalid = [SourceState.InvalidKey(key: "bad.json", reason: "not JSON")]
        var broker = BrokerState(run: run, url: "http://pact-broker:9292", status: .ready)
        broker.checked = now - .seconds(1)
        var publication = PublicationState(run: run)
        publication.verifiedOnce = true
        publication.verifiedAt = "2026-11-23T01:00:00.000Z"
        publication.pairs = pairs.filter { $0.provider != pending }
            .map { pair in
                var published = PublishedPair(consumer: pair.consumer, provider: pair.provider)
                published.verifiedSHA256 = sha
                published.version = "main-abc123"
                published.publishedAt = "2024-01-01T00:00:00+00:00"
                return published
            }
        let manager = ProcessesState.Manager(
            pid: 1,
            version: "0.1.0",
            startedAt: "2026-11-23T01:00:00.000Z",
            started: MonotonicTime(milliseconds: 300_000),
            bootID: "boot-1"
        )
        return StateSections(
            processes: ProcessesState(run: run, manager: manager, stopping: false),
            source: source,
            broker: broker,
            publication: publication
        )
    }()

    static let view = StateView(snapshot: snapshot(sections), problem: nil, tick: 598)

    static func snapshot(_ sections: StateSections) -> RunSnapshot {
        RunSnapshot(
            sections: sections,
            supervisedRun: run,
            bootID: "boot-1",
            readAt: UTCTimestamp(milliseconds: 1_700_000_000_000)
        )
    }

    /// A server's memory on a loop that only turns when it is told to.
    static func core(on loop: EmbeddedEventLoop) -> ServerCore {
        let core = ServerCore(
            limits: ServerLimits(),
            rules: rules,
            logger: logger,
            eventLoop: loop,
            clock: { now },
            hasThread: false
        )
        core.take(view)
        return core
    }

    private static let logger = Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() })
}

/// Something that must never be so; the text says what was seen.
struct FuzzViolation: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
