import Glibc
import Shared
import Synchronization
import TestSupport
import Testing

/// The built programs on a state file that says what a watcher at the Kubernetes API says.
@Suite(.timeLimit(.minutes(2))) struct ConfigMapStateTests {
    private let limit: Duration = .seconds(20)

    /// A state directory in which the test is watcher and publisher.
    private final class State {
        let temporary: TemporaryDirectory
        let directory: StateDirectory
        let source: StateWriter<SourceState>
        let broker: StateWriter<BrokerState>
        let publication: StateWriter<PublicationState>
        let run = "run-1"

        init() throws {
            temporary = try TemporaryDirectory()
            directory = try StateDirectory.prepare(setting: temporary.path + "/state")
            source = try StateWriter(directory: directory, run: run)
            broker = try StateWriter(directory: directory, run: run)
            publication = try StateWriter(directory: directory, run: run)
            var state = BrokerState(run: run, url: "http://broker", status: .ready)
            state.checked = .now()
            try broker.commit(state)
        }

        /// ConfigMap `a` with the provider `A`, and `b` with `B` once it is there.
        func commit(hasSecond: Bool, _ problem: ConfigMapState.Problem? = nil) throws {
            let providers = hasSecond ? ["A", "B"] : ["A"]
            var proven = PublicationState(run: run)
            proven.verifiedAt = "2026-11-26T03:00:00.000Z"
            proven.pairs = providers.map { provider in
                var pair = PublishedPair(consumer: "C", provider: provider)
                pair.verifiedSHA256 = provider
                return pair
            }
            try publication.commit(proven)
            var state = SourceState(run: run, description: "ConfigMaps pact/a, pact/b", status: .present)
            state.origin = SourceState.apiOrigin
            state.pairs = providers.map { DesiredPair(consumer: "C", provider: $0, sha256: $0) }
            state.configMaps = ["a", "b"].map { ConfigMapState(namespace: "pact", name: $0) }
            for index in state.configMaps.indices {
                let isThere = index == 0 || hasSecond
                state.configMaps[index].connection = .watching
                state.configMaps[index].presence = isThere ? .present : .absent
                state.configMaps[index].wasDelivered = isThere
                state.configMaps[index].lastByte = .now()
                state.configMaps[index].restarts = ["expired": 2, "dropped": 1]
            }
            state.configMaps[1].problem = problem
            try source.commit(state)
        }
    }

    private func healthServer(_ state: State) throws -> (process: TestChildProcess, client: TestHTTPClient) {
        let variables = [
            "STATE_DIR=\(state.temporary.path)/state", "HEALTH_HOST=127.0.0.1", "HEALTH_PORT=0",
            "CHECK_INTERVAL_SECS=3600",
        ]
        let process = try TestChildProcess(try BuiltProducts.path("health-server"), environment: variables)
        while let line = try process.readLine(within: limit) {
            guard line.contains("the health server answers"), let port = line.split(separator: "port=").last else {
                continue
            }
            return (process, try TestHTTPClient("http://127.0.0.1:\(port)", timeout: limit))
        }
        throw TestSupportError.childFailed(path: process.path, waitingFor: "its port", output: "")
    }

    @Test func aMockServerWaitsForAConfigMapThatIsNotThereYet() throws {
        let state = try State()
        try state.commit(hasSecond: false)
        let (process, client) = try healthServer(state)
        let readiness = try client.get("/readiness")
        #expect(readiness.status == 503)
        let body = try JSONReader.parse(readiness.body)
        #expect(body["reason"]?.string == "source_missing")
        #expect(body["detail"]?.string == "ConfigMap pact/b does not exist; the others are followed")
        #expect(try client.get("/ready").status == 200)
        #expect(try client.get("/providers/A/ready").status == 200)
        let second = try client.get("/providers/B/ready")
        #expect(second.status == 503 && second.header("Retry-After") == "5")
        #expect(try JSONReader.parse(client.get("/providers").body)["synced"]?.bool == false)

        let released = Mutex(0)
        let waiting = TestThread {
            let status = (try? client.get("/providers/B/ready?wait=20s").status) ?? -1
            released.withLock { $0 = status }
        }
        let deadline = MonotonicTime.now() + limit
        while try JSONReader.parse(client.get("/status").body)["waiters"]?.int != 1 {
            guard MonotonicTime.now() < deadline else {
                throw TestSupportError.timedOut(waitingFor: "a held request", received: 0)
            }
        }
        try state.commit(hasSecond: true)
        waiting.join()
        #expect(released.withLock { $0 } == 200)
        #expect(try client.get("/readiness").status == 200)
        #expect(try client.get("/providers/Nobody/ready").status == 404)
        process.signal(SIGTERM)
        #expect(try process.wait(within: limit).exit == .code(0))
    }

    @Test func statusShowsBothConfigMaps() throws {
        let state = try State()
        try state.commit(hasSecond: false, ConfigMapState.Problem(code: "forbidden", detail: "add to a Role"))
        func status(_ arguments: [String]) throws -> String {
            let environment = ["STATE_DIR=\(state.temporary.path)/state"]
            let manager = try BuiltProducts.path("manager")
            let process = try TestChildProcess(manager, ["status"] + arguments, environment: environment)
            return try process.wait(within: limit).output
        }
        let text = try status([])
        #expect(text.contains("ConfigMaps pact/a, pact/b, origin API, present"), "\(text)")
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("pact/") }
        #expect(rows.count == 2 && rows.allSatisfy { $0.contains("expired 2, dropped 1") }, "\(text)")
        #expect(rows.last?.hasSuffix(" forbidden") == true)
        let json = try JSONReader.parse(Array(try status(["--json"]).utf8))
        #expect(json["source"]?["configMaps"]?[1]?["problem"]?["code"]?.string == "forbidden")
        #expect(json["source"]?["configMaps"]?[0]?["restarts"]?["expired"]?.int == 2)
    }
}
