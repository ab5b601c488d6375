import Glibc
import Shared
import TestSupport
import Testing

/// State directories that survived their manager (an emptyDir outlives a container): never a wrong "ready".
@Suite(.serialized, .timeLimit(.minutes(3))) struct OldStateTests {
    func pact(_ provider: String, _ path: String = "/") -> String {
        """
        {"consumer":{"name":"Shop"},"provider":{"name":"\(provider)"},"interactions":[{"description":"a request",\
        "request":{"method":"GET","path":"\(path)"},"response":{"status":200}}],\
        "metadata":{"pactSpecification":{"version":"2.0.0"}}}
        """
    }

    func manager(_ directory: TemporaryDirectory, _ url: String) throws -> ManagerProcess {
        try ManagerProcess(
            variables: [
                "BROKER_URL": url, "CONFIGMAP_PATH": directory.path + "/mount", "GIT_COMMIT": "abc",
                "CHECK_INTERVAL_SECS": "1",
            ],
            stateDirectory: directory.path + "/state"
        )
    }

    /// Looks at `path` at every change of the state until `condition` holds; what was answered on the way.
    func answers(
        _ manager: ManagerProcess,
        _ path: String,
        until condition: (Int, String) -> Bool
    ) throws -> [(code: Int, body: String)] {
        var seen: [(code: Int, body: String)] = []
        try manager.wait(for: path) {
            let answer = manager.get(path)
            seen.append(answer)
            return condition(answer.code, answer.body)
        }
        return seen
    }

    /// A run that publishes `Orders` and is killed.
    func firstRun(_ directory: TemporaryDirectory, _ volume: KubeletVolume, _ url: String) throws {
        try volume.publish(["orders.json": pact("Orders")])
        let first = try manager(directory, url)
        try first.wait(for: "/readiness 200") { first.get("/readiness").code == 200 }
        first.end(with: SIGKILL, within: .seconds(5))
    }

    @Test func aChangedConfigMapIsPublishedBeforeAnythingIsReady() throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        try firstRun(directory, volume, broker.url)
        // Edited while nobody looked; the broker is slow now, so that there is time to answer wrongly.
        try volume.publish(["orders.json": pact("Orders", "/changed"), "stock.json": pact("Stock")])
        try broker.faults(#"{"latency_ms": 300}"#)
        let second = try manager(directory, broker.url)
        let path = "/pacts/provider/Orders/consumer/Shop/latest"
        let seen = try answers(second, "/providers/Orders/ready") { code, _ in code == 200 }
        #expect(seen.dropLast().allSatisfy { $0.code == 503 })
        try broker.clearFaults()
        let served = try broker.client.get(path, headers: [("Accept", "application/hal+json")])
        #expect(served.text.contains("/changed"), "ready was said before the edit was there")
    }

    @Test func aFileOfANewerVersionIsSetAsideAndReplaced() throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        try firstRun(directory, volume, broker.url)
        let file = directory.path + "/state/state.json"
        var text = try RepositoryFile.text(file)
        let range = try #require(text.firstRange(of: "\"schema\":1"))
        text.replaceSubrange(range, with: "\"schema\":9")
        try directory.write("state/state.json", text)
        let second = try manager(directory, broker.url)
        try second.wait(for: "/readiness 200") { second.get("/readiness").code == 200 }
        #expect(try RepositoryFile.text(file).contains("\"schema\":1"))
        let names = try FileNames.inDirectory(directory.path + "/state")
        #expect(names.contains { $0.hasPrefix("state.json.corrupt-") }, "\(names)")
    }

    /// 5,000 with release programs; the debug ones need a minute for that, so they grow to 2,000.
    @Test func growsFromSixHundredToThousandsOfPairsUnderReaders() throws {
        let most = BuiltProducts.areChosen ? 5000 : 2000
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        func payload(_ count: Int) -> [String: String] {
            Dictionary(uniqueKeysWithValues: (0..<count).map { ("pact-\($0).json", pact("Provider-\($0)")) })
        }
        try volume.publish(payload(600))
        let manager = try manager(directory, broker.url)
        try manager.wait(for: "600 contracts", within: .seconds(60)) {
            manager.get("/readiness").body.contains("\"published\":600")
        }
        let small = try RepositoryFile.bytes(directory.path + "/state/state.json").count
        let began = MonotonicTime.now()
        try volume.publish(payload(most))
        var probes = ProbeCount()
        try manager.wait(for: "\(most) contracts", within: .seconds(150)) {
            probes.probe(port: manager.port)
            return manager.get("/readiness").body.contains("\"published\":\(most)")
        }
        let took = MonotonicTime.now() - began
        let large = try RepositoryFile.bytes(directory.path + "/state/state.json").count
        print("600 → \(most) pairs in \(took.milliseconds) ms; state \(small) → \(large) bytes; probes: \(probes)")
        #expect(large > small)
        #expect(probes.refused == 0 && probes.timedOut == 0 && probes.cut == 0)
        try manager.wait(for: "the supervisor's section") { manager.processes != nil }
        #expect(manager.processes?.workers.allSatisfy { $0.restarts == 0 } == true)
    }

    @Test func aHungWorkerOfEachKindIsReplaced() throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        try volume.publish(["orders.json": pact("Orders")])
        let manager = try manager(directory, broker.url)
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        let began = MonotonicTime.now()
        var old: [WorkerName: Int32] = [:]
        for worker in WorkerName.allCases {
            let pid = try #require(manager.pid(of: worker))
            old[worker] = pid
            kill(pid, SIGSTOP)
        }
        var took: [String] = []
        for worker in WorkerName.allCases {
            try manager.wait(for: "a new \(worker.rawValue)", within: .seconds(60)) {
                let now = manager.processes?.workers.first { $0.name == worker.rawValue }
                return now?.pid != old[worker] && now?.phase == .ready
            }
            took.append("\(worker.rawValue) after \((MonotonicTime.now() - began).milliseconds) ms")
        }
        print("stopped workers were replaced: \(took.joined(separator: ", "))")
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
    }
}
