import Shared
import Testing

@testable import HealthServer

/// Situations for the metrics, each with what it is about.
struct MetricSituation: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var situation: Situation
    /// Samples that must be there, written as in the text.
    var samples: [String]
    /// Families without a sample.
    var empty: Set<String> = []

    private typealias S = Situations

    private static func worker(
        _ name: String,
        _ phase: ProcessesState.WorkerPhase = .ready,
        restarts: [String: Int] = [:]
    ) -> ProcessesState.Worker {
        var worker = ProcessesState.Worker(name: name)
        worker.phase = phase
        worker.restartsByReason = restarts
        worker.droppedLogLines = 3
        return worker
    }

    /// Everything published, by a manager with its three workers.
    static var running: StateSections {
        S.changed(S.allPublished) { sections in
            sections.processes?.workers = [worker("health-server"), worker("watcher"), worker("publisher")]
            sections.source?.readAt = "2026-11-23T01:00:00.500Z"
            sections.broker?.lastSuccessAt = "2026-11-23T01:02:03.004Z"
            sections.broker?.checks = ["ready": 7, "refused": 2]
            sections.broker?.probeDuration.observe(.milliseconds(7))
            sections.publication?.counters.attempts = ["created": 2, "unavailable": 1]
            sections.publication?.counters.repairs = ["missing": 4]
            sections.publication?.counters.publishDuration.observe(.milliseconds(40))
            sections.publication?.counters.changeToPublished.observe(.seconds(3))
            sections.publication?.queueLength = 5
        }
    }

    private static let unknown: Set<String> = [
        "broker_last_success_timestamp_seconds", "provider_ready", "contract_published_timestamp_seconds",
        "publish_queue_length", "source_last_activity_timestamp_seconds", "worker_up", "worker_restarts_total",
        "log_lines_dropped_total",
    ]

    static let all: [MetricSituation] = [
        MetricSituation(
            testDescription: "nothing written yet",
            situation: S.situation(StateSections()),
            samples: [
                "broker_up 0", "contracts{state=\"published\"} 0", "publish_attempts_total{result=\"created\"} 0",
                "broker_probes_total{result=\"refused\"} 0", "broker_probe_duration_seconds_count 0",
                "source_connected{source=\"api\"} 0", "source_connected{source=\"directory\"} 0",
            ],
            empty: unknown
        ),
        MetricSituation(
            testDescription: "running",
            situation: S.situation(running),
            samples: [
                "build_info{version=\"\(BuildVersion.number)\"} 1", "start_time_seconds 1795395600", "broker_up 1",
                "broker_probes_total{result=\"ready\"} 7", "broker_probes_total{result=\"refused\"} 2",
                "broker_probes_total{result=\"tls\"} 0", "broker_probe_duration_seconds_bucket{le=\"0.005\"} 0",
                "broker_probe_duration_seconds_bucket{le=\"0.01\"} 1", "broker_probe_duration_seconds_sum 0.007",
                "broker_last_success_timestamp_seconds 1795395723.004", "contracts{state=\"published\"} 2",
                "provider_ready{provider=\"GCP-Secret-Manager\"} 1",
                "contract_published_timestamp_seconds{consumer=\"Secret-Manager-Controller\","
                    + "provider=\"AWS-Secrets-Manager\"} 1704067200",
                "publish_attempts_total{result=\"created\"} 2", "publish_attempts_total{result=\"unavailable\"} 1",
                "publish_duration_seconds_sum 0.04", "publish_queue_length 5", "change_to_published_seconds_sum 3",
                "change_to_published_seconds_count 1", "source_connected{source=\"api\"} 0",
                "source_connected{source=\"directory\"} 1", "source_last_activity_timestamp_seconds 1795395600.5",
                "reconcile_repairs_total{kind=\"missing\"} 4", "reconcile_repairs_total{kind=\"different\"} 0",
                "worker_up{worker=\"watcher\"} 1", "worker_restarts_total{worker=\"watcher\",reason=\"spawn\"} 0",
                "log_lines_dropped_total{worker=\"publisher\"} 3", "waiters 0",
            ]
        ),
        MetricSituation(
            testDescription: "broker down",
            situation: S.situation(S.changed(running) { $0.broker?.status = .refused }),
            samples: [
                "broker_up 0", "contracts{state=\"published\"} 2", "provider_ready{provider=\"GCP-Secret-Manager\"} 0",
            ]
        ),
        MetricSituation(
            testDescription: "publisher silent",
            situation: S.situation(S.changed(running) { $0.broker?.checked = S.now - .seconds(7) }),
            samples: ["broker_up 0", "provider_ready{provider=\"AWS-Secrets-Manager\"} 0"]
        ),
        MetricSituation(
            testDescription: "directory lost",
            situation: S.situation(S.changed(running) { $0.source?.status = .lost }),
            samples: [
                "source_connected{source=\"directory\"} 0", "source_connected{source=\"api\"} 0",
                "contracts{state=\"published\"} 2", "provider_ready{provider=\"GCP-Secret-Manager\"} 1",
            ]
        ),
        MetricSituation(
            testDescription: "through the API",
            situation: S.situation(throughAPI { _ in }),
            samples: [
                "source_connected{source=\"api\"} 1", "source_connected{source=\"directory\"} 0",
                // Of the two the one that was silent for longer: 90 s before now, which is the wall's 1,000,000 s.
                "source_last_activity_timestamp_seconds 999910", "source_restarts_total{reason=\"ended\"} 5",
                "source_restarts_total{reason=\"dropped\"} 1", "source_restarts_total{reason=\"expired\"} 0",
            ]
        ),
        MetricSituation(
            testDescription: "API works, the ConfigMap does not exist",
            situation: S.situation(
                S.changed(throughAPI { _ in }) { sections in
                    sections.source?.status = .missing
                    for index in sections.source?.configMaps.indices ?? 0..<0 {
                        sections.source?.configMaps[index].wasDelivered = false
                        sections.source?.configMaps[index].presence = .absent
                    }
                }
            ),
            samples: ["source_connected{source=\"api\"} 0", "source_connected{source=\"directory\"} 0"]
        ),
        MetricSituation(
            testDescription: "API lost",
            situation: S.situation(throughAPI { $0.connection = .waiting }),
            samples: ["source_connected{source=\"api\"} 0", "source_connected{source=\"directory\"} 0"]
        ),
        MetricSituation(
            testDescription: "directory stands in",
            situation: S.situation(
                S.changed(throughAPI { $0.connection = .waiting }) { $0.source?.origin = "directory (API: forbidden)" }
            ),
            samples: [
                "source_connected{source=\"api\"} 0", "source_connected{source=\"directory\"} 1",
                "source_last_activity_timestamp_seconds 1795395600.5",
            ]
        ),
        MetricSituation(
            testDescription: "worker crash-looping",
            situation: S.situation(
                S.changed(running) {
                    $0.processes?.workers[1] = worker("watcher", .waiting, restarts: ["signal": 12, "heartbeat": 1])
                }
            ),
            samples: [
                "worker_up{worker=\"watcher\"} 0", "worker_up{worker=\"publisher\"} 1",
                "worker_restarts_total{worker=\"watcher\",reason=\"signal\"} 12",
                "worker_restarts_total{worker=\"watcher\",reason=\"heartbeat\"} 1",
                "worker_restarts_total{worker=\"watcher\",reason=\"exit\"} 0",
            ]
        ),
        MetricSituation(
            testDescription: "source empty",
            situation: S.situation(
                S.changed(running) {
                    $0.source?.pairs = []
                    $0.publication?.pairs = []
                }
            ),
            samples: ["contracts{state=\"pending\"} 0", "contracts{state=\"published\"} 0", "broker_up 1"],
            empty: ["provider_ready", "contract_published_timestamp_seconds"]
        ),
        MetricSituation(
            testDescription: "contracts in every state",
            situation: S.situation(
                S.sections(
                    ["a", "b", "c", "d", "e"].map { S.desired($0) } + [S.desired("f", sha: nil, problem: "conflict")],
                    [
                        S.published("a", sha: S.olderSHA), S.failed("b"), S.publishing("c"), S.superseded("e"),
                    ],
                    invalidKeys: 2
                )
            ),
            samples: [
                "contracts{state=\"published\"} 0", "contracts{state=\"stale\"} 1", "contracts{state=\"failed\"} 1",
                "contracts{state=\"publishing\"} 1", "contracts{state=\"pending\"} 1",
                "contracts{state=\"superseded\"} 1", "contracts{state=\"invalid\"} 3",
                "provider_ready{provider=\"a\"} 1", "provider_ready{provider=\"b\"} 0",
                "provider_ready{provider=\"d\"} 0",
            ],
            empty: [
                "broker_last_success_timestamp_seconds", "source_last_activity_timestamp_seconds", "worker_up",
                "worker_restarts_total", "log_lines_dropped_total",
            ]
        ),
    ]

    private static func throughAPI(_ change: (inout ConfigMapState) -> Void) -> StateSections {
        var first = S.configMap("a")
        first.lastByte = S.now - .seconds(90)
        first.restarts = ["ended": 2]
        change(&first)
        var second = S.configMap("b")
        second.lastByte = S.now - .seconds(10)
        second.restarts = ["ended": 3, "dropped": 1]
        return S.throughAPI(running, [first, second])
    }
}
