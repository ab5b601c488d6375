import Glibc
import Shared
import TestSupport
import Testing

/// The whole line with the real programs, contracts coming through the Kubernetes API: API → watcher → state → publisher →
/// broker → health server.
@Suite(.serialized, .timeLimit(.minutes(3))) struct APIMainJobTests {
    static let path = "/pacts/provider/Provider/consumer/Consumer/latest"

    /// What a pod has: its API, a broker, a mount, a token.
    struct Pod {
        let directory: TemporaryDirectory
        let server: LocalKubernetesProcess
        let broker: LocalBrokerProcess
        let volume: KubeletVolume

        init() throws {
            directory = try TemporaryDirectory()
            server = try LocalKubernetesProcess()
            broker = try LocalBrokerProcess(username: "pact", password: "pact")
            volume = try KubeletVolume(directory.path + "/mount")
            try directory.write("token", "secret-token-1\n")
        }

        func allow(_ verbs: [String], tokens: [String] = ["secret-token-1"]) throws {
            let rule = LocalKubernetesProcess.Rule(verbs, names: ["pact-contracts"])
            try server.access("pact/pact-mocks-manager", tokens: tokens, rules: verbs.isEmpty ? [] : [rule])
        }

        func manager(_ more: [String: String] = [:]) throws -> ManagerProcess {
            let variables = [
                "BROKER_URL": broker.url, "CONFIGMAP_PATH": volume.path, "GIT_COMMIT": "abc1234", "NAMESPACE": "pact",
                "KUBERNETES_API_URL": server.url, "KUBERNETES_TOKEN_FILE": directory.path + "/token",
                "CHECK_INTERVAL_SECS": "1",
            ]
            return try ManagerProcess(
                variables: variables.merging(more) { $1 },
                stateDirectory: directory.path + "/state"
            )
        }
    }

    private func contract(_ description: String) -> String {
        """
        {"consumer": {"name": "Consumer"}, "provider": {"name": "Provider"}, "interactions": [{"description": \
        "\(description)", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}]}
        """
    }

    private func wait(_ manager: ManagerProcess, for text: String) throws {
        let answer = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .seconds(30))
            .get("/providers/Provider/ready?wait=20s&revision=\(ContentHash.sha256Hex(text))")
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func anEditIsInTheBrokerLongBeforeTheMountKnowsOfIt() throws {
        let pod = try Pod()
        try pod.allow(["get", "watch"])
        // The mount stays as it is: what is published comes through the API.
        try pod.volume.publish(["old.json": Array(contract("from the mount").utf8)])
        try pod.server.put(configMap: "pact-contracts", data: ["a.json": contract("first")])
        let manager = try pod.manager()
        try wait(manager, for: contract("first"))
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        try pod.server.put(configMap: "pact-contracts", data: ["a.json": contract("second")])
        try wait(manager, for: contract("second"))
        let served = try pod.broker.client.get(Self.path, headers: [("Accept", "application/hal+json")])
        #expect(served.text.contains("\"second\""))
        #expect(!manager.get("/status").body.contains("from the mount"))
        let status = manager.get("/status").body
        for part in [
            "\"origin\":\"API\"", "\"connection\":\"watching\"", "\"connectedSince\":\"", "\"lastByte\":",
            "\"resourceVersion\":\"",
        ] {
            #expect(status.contains(part), "\(part)")
        }
        // Deleted: nothing is desired, and the broker keeps what it has.
        try pod.server.delete(configMap: "pact-contracts")
        try manager.wait(for: "404") { manager.get("/providers/Provider/ready").code == 404 }
        let readiness = manager.get("/readiness")
        #expect(readiness.code == 200)
        #expect(readiness.body.contains("was deleted"), "\(readiness.body)")
        #expect(try pod.broker.client.get(Self.path, headers: [("Accept", "application/hal+json")]).status == 200)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        #expect(!manager.log.lines.joined().contains("secret-token-1"))
    }

    @Test func aForbiddenAPINamesItsRuleWhileTheMountServes() throws {
        let pod = try Pod()
        try pod.allow([])
        try pod.volume.publish(["old.json": Array(contract("from the mount").utf8)])
        try pod.server.put(configMap: "pact-contracts", data: ["a.json": contract("through the API")])
        let manager = try pod.manager()
        try wait(manager, for: contract("from the mount"))
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        let rule = #"resourceNames: [pact-contracts], verbs: [get, watch]"#
        let readiness = manager.get("/readiness").body
        #expect(readiness.contains("source_fallback") && readiness.contains(rule), "\(readiness)")
        #expect(manager.get("/status").body.contains("directory (API: forbidden)"))
        // Granted, without a restart of anything.
        try pod.allow(["get", "watch"])
        try wait(manager, for: contract("through the API"))
        try manager.wait(for: "no warning") { !manager.get("/readiness").body.contains("source_fallback") }
        // From now on the mount does not count any more, even where the API is gone.
        pod.server.kill()
        try pod.volume.publish(["old.json": Array(contract("late from the mount").utf8)])
        let watcher = try #require(manager.pid(of: .watcher))
        kill(watcher, SIGKILL)
        try manager.wait(for: "another watcher that is ready") {
            let now = manager.processes?.workers.first { $0.name == WorkerName.watcher.rawValue }
            return now?.phase == .ready && now?.pid != watcher
        }
        #expect(!manager.get("/status").body.contains("late from the mount"))
        #expect(manager.get("/providers/Provider/ready").code == 200)
        let lines = manager.log.lines.filter { $0.contains(rule) && $0.contains(" WARN ") }
        #expect(lines.count == 1, "\(lines)")
    }

    @Test func withoutAMountAForbiddenAPIIsAMissingSource() throws {
        let pod = try Pod()
        try pod.allow(["watch"])
        let manager = try pod.manager(["CONTRACT_SOURCE": "kubernetes", "CONFIGMAP_PATH": pod.directory.path + "/none"])
        try pod.allow([])
        try manager.wait(for: "the rule") {
            let (code, body) = manager.get("/readiness")
            return code == 503 && body.contains("source_missing") && body.contains("verbs: [get, watch]")
        }
        #expect(manager.get("/liveness").code == 200)
        #expect(manager.get("/providers/Provider/ready").code == 503)
    }
}
