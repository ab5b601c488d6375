import Glibc
import Shared
import TestSupport
import Testing

/// The metrics of the real manager while its workers die.
@Suite(.timeLimit(.minutes(2))) struct MetricsLifeTests {
    private static func contract(_ provider: String) -> String {
        #"{"consumer":{"name":"web"},"provider":{"name":"\#(provider)"},"interactions":[{"description":"a","#
            + #""request":{"method":"GET","path":"/"},"response":{"status":200}}]}"#
    }

    private func value(_ manager: ManagerProcess, _ name: String, _ labels: [String: String] = [:]) throws -> Double? {
        let answer = manager.get("/metrics")
        guard answer.code == 200 else { return nil }
        return try PrometheusText(answer.body).value("pact_mocks_manager_\(name)", labels)
    }

    @Test func countersOfTheStateOutliveTheirWorkerAndTheServersOwnDoNot() throws {
        let broker = try LocalBrokerProcess()
        let temporary = try TemporaryDirectory()
        try temporary.write("a.json", Self.contract("orders"))
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "CONFIGMAP_PATH": temporary.path, "CONTRACT_SOURCE": "directory",
                "CHECK_INTERVAL_SECS": "1", "GIT_COMMIT": "abc", "HEALTH_HOST": "127.0.0.1",
            ],
            stateDirectory: temporary.path + "/state"
        )
        try manager.wait(for: "readiness") { manager.get("/readiness").code == 200 }
        #expect(try value(manager, "publish_attempts_total", ["result": "created"]) == 1)
        #expect(try value(manager, "change_to_published_seconds_count") == 1)
        for worker in WorkerName.allCases {
            #expect(try value(manager, "worker_up", ["worker": worker.rawValue]) == 1)
            let memory = try value(manager, "worker_resident_memory_bytes", ["worker": worker.rawValue]) ?? 0
            #expect(memory > 1_048_576, "\(worker)")
        }
        for worker in [WorkerName.publisher, .healthServer] {
            let before = try #require(manager.pid(of: worker))
            kill(before, SIGKILL)
            try manager.wait(for: "another \(worker)") {
                let labels = ["worker": worker.rawValue]
                return try manager.pid(of: worker) ?? before != before && value(manager, "worker_up", labels) == 1
            }
            let labels = ["worker": worker.rawValue, "reason": "signal"]
            #expect(try value(manager, "worker_restarts_total", labels) == 1)
        }
        #expect(try value(manager, "publish_attempts_total", ["result": "created"]) == 1)
        #expect(try value(manager, "change_to_published_seconds_count") == 1)
        // Answered by the server before this one.
        #expect(try value(manager, "http_requests_total", ["route": "/readiness", "code": "200"]) == nil)
        #expect(try value(manager, "source_connected", ["source": "directory"]) == 1)
        #expect(manager.end(with: SIGTERM, within: .seconds(10)) == .code(0))
    }
}
