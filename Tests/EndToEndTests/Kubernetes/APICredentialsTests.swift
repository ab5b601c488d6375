import Glibc
import Shared
import TestSupport
import Testing

/// Who is given what opens the Kubernetes API, and a watcher that loses the right to it.
@Suite(.timeLimit(.minutes(1))) struct APICredentialsTests {
    private static let token = "token-of-the-account"

    private func environment(of pid: Int32) throws -> [String] {
        try RepositoryFile.text("/proc/\(pid)/environ").split(separator: "\0").map(String.init)
    }

    @Test func onlyTheWatcherIsGivenThemAndANewOneWithoutTheRightKeepsWhatIsDesired() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess()
        let api = try LocalKubernetesProcess()
        let rule = LocalKubernetesProcess.Rule(["get", "watch"], names: ["contracts"])
        try api.access("pact/mocks", tokens: [Self.token], rules: [rule])
        try api.put(configMap: "contracts", data: ["a.json": PublisherOnce.contract])
        try directory.write("token", Self.token + "\n")
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "CONFIGMAP_PATH": directory.path + "/absent", "GIT_COMMIT": "abc",
                "CHECK_INTERVAL_SECS": "1", "CONTRACT_SOURCE": "kubernetes", "KUBERNETES_API_URL": api.url,
                "KUBERNETES_TOKEN_FILE": directory.path + "/token", "NAMESPACE": "pact", "CONFIGMAP_NAME": "contracts",
            ],
            stateDirectory: directory.path + "/state"
        )
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        #expect(manager.get("/providers/orders/ready").code == 200)

        // Credentials are the watcher's alone; the others start without them, CONTRACT_SOURCE=kubernetes or not.
        for worker in WorkerName.allCases {
            let variables = try environment(of: try #require(manager.pid(of: worker)))
            #expect(variables.contains { $0.hasPrefix("KUBERNETES_") } == (worker == .watcher), "\(worker.rawValue)")
        }
        #expect(!manager.log.lines.contains { $0.contains("setting=") || $0.contains(Self.token) })

        let edit = try #require(PublisherOnce.contract.firstRange(of: "\"description\":"))
        var edited = PublisherOnce.contract
        edited.replaceSubrange(edit, with: "\"note\":\"edited\",\"description\":")
        try api.put(configMap: "contracts", data: ["a.json": edited])
        let client = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .seconds(30))
        let digest = ContentHash.sha256Hex(edited)
        let answer = try client.get("/providers/orders/ready?wait=20s&revision=\(digest)")
        #expect(answer.status == 200, "\(answer.text)")

        // Without the right to read what it follows, a new watcher of the same run keeps what is desired.
        try api.access("pact/mocks", tokens: [Self.token], rules: [])
        let pid = try #require(manager.pid(of: .watcher))
        kill(pid, SIGKILL)
        try manager.wait(for: "another watcher that is refused") {
            guard let next = manager.pid(of: .watcher), next != pid,
                case .content(let source, _) = manager.state.read(SourceState.self)
            else { return false }
            return source.configMaps.first?.problem?.code == "forbidden"
        }
        #expect(manager.get("/providers/orders/ready").code == 200)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }
}
