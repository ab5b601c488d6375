import Glibc
import Shared
import TestSupport
import Testing

/// The whole line with the real programs: directory → watcher → state → publisher → broker → health server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct MainJobTests {
    static let providers = ["AWS-Secrets-Manager", "Azure-Key-Vault", "GCP-Secret-Manager"]

    /// The example contracts, as a ConfigMap's payload.
    func examples() throws -> [String: [UInt8]] {
        var payload: [String: [UInt8]] = [:]
        for name in ["aws-secrets-manager.json", "azure-key-vault.json", "gcp-secret-manager.json"] {
            payload[name] = try RepositoryFile.bytes("deploy/examples/contracts/\(name)")
        }
        return payload
    }

    func edited(_ bytes: [UInt8], _ tag: String) throws -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        let marker = "\"description\": \""
        let parts = text.split(separator: marker, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        return Array("\(parts[0])\(marker)\(tag) \(parts[1])".utf8)
    }

    /// What the broker serves as the latest version of a pair: its consumer version number.
    func latestVersion(_ broker: LocalBrokerProcess, _ provider: String) throws -> String? {
        let path = "/pacts/provider/\(provider)/consumer/Secret-Manager-Controller/latest"
        let answer = try broker.client.get(path, headers: [("Accept", "application/hal+json")])
        return answer.status == 200 ? answer.header("x-pact-consumer-version") : nil
    }

    func variables(_ url: String, _ path: String) -> [String: String] {
        ["BROKER_URL": url, "CONFIGMAP_PATH": path, "GIT_COMMIT": "abc1234", "CHECK_INTERVAL_SECS": "1"]
    }

    func waitUntilReady(_ manager: ManagerProcess, within limit: Duration = .seconds(30)) throws {
        try manager.wait(for: "/readiness 200", within: limit) { manager.get("/readiness").code == 200 }
    }

    @Test func publishesTheExamplesAndEachEditUnderAVersionOfItsOwn() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        let volume = try KubeletVolume(directory.path + "/mount")
        var payload = try examples()
        try volume.publish(payload)
        let manager = try ManagerProcess(
            variables: variables(broker.url, volume.path),
            stateDirectory: directory.path + "/state"
        )
        try waitUntilReady(manager)
        for provider in Self.providers {
            #expect(manager.get("/providers/\(provider)/ready").code == 200)
            #expect(try latestVersion(broker, provider) == "main-abc1234")
        }

        // A → B → A: each is what the broker serves in the end.
        let original = try #require(payload["gcp-secret-manager.json"])
        var versions: [String] = []
        for content in [try edited(original, "first"), original, try edited(original, "first"), original] {
            payload["gcp-secret-manager.json"] = content
            try volume.publish(payload)
            let digest = ContentHash.sha256Hex(content)
            let client = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .seconds(30))
            let answer = try client.get("/providers/GCP-Secret-Manager/ready?wait=20s&revision=\(digest)")
            #expect(answer.status == 200, "\(answer.text)")
            let path = "/pacts/provider/GCP-Secret-Manager/consumer/Secret-Manager-Controller/latest"
            let served = try broker.client.get(path, headers: [("Accept", "application/hal+json")])
            #expect(served.text.contains("\"first ") == (content != original))
            versions.append(served.header("x-pact-consumer-version") ?? "")
        }
        print("A → B → A → B → A: \(versions.joined(separator: ", "))")
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    @Test func waitsForABrokerThatComesLateWithoutALinePerPoll() throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(try examples())
        // A port that was free a moment ago.
        let placeholder = try LocalBrokerProcess()
        let port = placeholder.port
        placeholder.stop()
        let manager = try ManagerProcess(
            variables: variables("http://127.0.0.1:\(port)", volume.path).merging(["BROKER_USERNAME": ""]) { $1 },
            stateDirectory: directory.path + "/state"
        )
        try manager.wait(for: "/liveness") { manager.get("/liveness").code == 200 }
        print("/liveness answered \((MonotonicTime.now() - manager.started).milliseconds) ms after exec")
        try manager.wait(for: "the reason") {
            let (code, body) = manager.get("/readiness")
            return code == 503 && body.contains("\"reason\":\"broker_refused\"")
        }
        let provider = try manager.client.get("/providers/GCP-Secret-Manager/ready")
        #expect(provider.status == 503 && provider.text.contains("broker_unavailable"))
        #expect(provider.header("retry-after") != nil)
        // Six checks later the log has not grown by a line per check.
        var checks = Set<String>()
        let broker = StateReader(directory: try StateDirectory(resolved: manager.stateDirectory))
        try manager.wait(for: "six more checks") {
            if case .content(let state, _) = broker.read(BrokerState.self) { checks.insert(state.checkedAt ?? "") }
            return checks.count >= 6
        }
        let lines = manager.log.lines.filter { $0.contains(" publisher: ") }
        #expect(lines.count <= 3, "\(lines)")
        let late = try LocalBrokerProcess(port: port)
        try waitUntilReady(manager)
        #expect(try latestVersion(late, "AWS-Secrets-Manager") == "main-abc1234")
    }

    @Test func noProbeIsRefusedWhileEachWorkerIsKilled() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        let volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(try examples())
        let manager = try ManagerProcess(
            variables: variables(broker.url, volume.path),
            stateDirectory: directory.path + "/state"
        )
        try waitUntilReady(manager)
        var probes = ProbeCount()
        for worker in WorkerName.allCases {
            for _ in 0..<3 {
                let pid = try #require(manager.pid(of: worker))
                kill(pid, SIGKILL)
                try manager.wait(for: "a new \(worker.rawValue)") {
                    probes.probe(port: manager.port)
                    let now = manager.processes?.workers.first { $0.name == worker.rawValue }
                    return now?.pid != pid && now?.phase == .ready
                }
            }
        }
        try waitUntilReady(manager)
        print("probes while 9 workers were killed: \(probes)")
        #expect(probes.refused == 0 && probes.timedOut == 0 && probes.mostCutInARow <= 1)
    }

    @Test func publishesToABrokerThatKnowsNoPublishRequestNorDependencies() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess(
            arguments: ["--without", "publish-contracts", "--without", "dependencies"],
            username: "pact",
            password: "pact"
        )
        let volume = try KubeletVolume(directory.path + "/mount")
        var payload = try examples()
        try volume.publish(payload)
        let manager = try ManagerProcess(
            variables: variables(broker.url, volume.path).merging(["BROKER_TAGS": "dev"]) { $1 },
            stateDirectory: directory.path + "/state"
        )
        try waitUntilReady(manager)
        let content = try edited(try #require(payload["gcp-secret-manager.json"]), "edited")
        payload["gcp-secret-manager.json"] = content
        try volume.publish(payload)
        let client = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .seconds(30))
        let digest = ContentHash.sha256Hex(content)
        let answer = try client.get("/providers/GCP-Secret-Manager/ready?wait=20s&revision=\(digest)")
        #expect(answer.status == 200, "\(answer.text)")
        let version = try #require(try latestVersion(broker, "GCP-Secret-Manager"))
        #expect(version.hasPrefix("main-abc1234-"))
        let log = try broker.requests()
        #expect(log.contains("/branches/main/versions/\(version)") && log.contains("/versions/\(version)/tags/dev"))
    }

    @Test func aBrokerThatLosesEverythingIsFilledAgain() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        let volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(try examples())
        let manager = try ManagerProcess(
            variables: variables(broker.url, volume.path),
            stateDirectory: directory.path + "/state"
        )
        try waitUntilReady(manager)
        try broker.faults(#"{"wipe": true}"#)
        try manager.wait(for: "three pacts again") {
            try Self.providers.allSatisfy { try latestVersion(broker, $0) != nil }
        }
        try waitUntilReady(manager)
        try manager.log.waitForLine(containing: "missing", within: .seconds(10))
    }

    @Test func anotherRunsStateIsNeverTrusted() throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(try examples())
        let first = try LocalBrokerProcess(username: "pact", password: "pact")
        do {
            let manager = try ManagerProcess(
                variables: variables(first.url, volume.path),
                stateDirectory: directory.path + "/state"
            )
            try waitUntilReady(manager)
            manager.end(with: SIGKILL, within: .seconds(5))
        }
        // The container comes back with the state directory, but the broker is gone.
        first.stop()
        let manager = try ManagerProcess(
            variables: variables(first.url, volume.path),
            stateDirectory: directory.path + "/state"
        )
        var codes = Set<Int>()
        try manager.wait(for: "the broker's absence noticed") {
            let (code, body) = manager.get("/readiness")
            codes.insert(code)
            return body.contains("broker_refused")
        }
        #expect(!codes.contains(200), "ready was said without a broker")
        // It comes back empty: ready only when everything is there again.
        let second = try LocalBrokerProcess(port: first.port, username: "pact", password: "pact")
        try waitUntilReady(manager)
        for provider in Self.providers { #expect(try latestVersion(second, provider) != nil) }
    }
}
