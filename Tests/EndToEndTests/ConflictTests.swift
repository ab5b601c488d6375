import Shared
import TestSupport
import Testing

/// A contract that the broker refuses because its version has other content: all who ask are told where it differs.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ConflictTests {
    static let places = ["$.interactions[*].request.path", "$.interactions[*].response.status"]

    func pact(_ path: String, _ status: Int) -> String {
        """
        {"consumer":{"name":"Shop"},"provider":{"name":"Orders"},"interactions":[{"description":"a request",\
        "request":{"method":"GET","path":"\(path)"},"response":{"status":\(status)}}],\
        "metadata":{"pactSpecification":{"version":"2.0.0"}}}
        """
    }

    /// The only contract in an answer of `/providers` or `/providers/Orders/ready`.
    func contract(_ manager: ManagerProcess, _ path: String) throws -> JSONValue? {
        let body = try JSONReader.parse(Array(manager.get(path).body.utf8))
        return (body["providers"]?.array?.first ?? body)["contracts"]?.array?.first
    }

    func status(_ directory: TemporaryDirectory, _ arguments: String...) throws -> String {
        let environment = ["STATE_DIR=\(directory.path)/state"]
        let manager = try BuiltProducts.path("manager")
        let process = try TestChildProcess(manager, ["status"] + arguments, environment: environment)
        return try process.wait(within: .seconds(20)).output
    }

    @Test func whereAContractDiffersIsToldByProvidersStatusAndLog() throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        let broker = try LocalBrokerProcess()
        let path = "/pacts/provider/Orders/consumer/Shop/version/main-abc"
        #expect(try broker.client.put(path, pact("/theirs", 200)).status == 201)
        try volume.publish(["orders.json": pact("/ours", 201)])
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "CONFIGMAP_PATH": directory.path + "/mount", "GIT_BRANCH": "main",
                "GIT_COMMIT": "abc", "VERSION_POLICY": "git", "CHECK_INTERVAL_SECS": "1",
            ],
            stateDirectory: directory.path + "/state"
        )
        try manager.wait(for: "the refusal") {
            try contract(manager, "/providers")?["state"]?.string == PairState.failed.rawValue
        }
        let explanation = "(differs at \(Self.places.joined(separator: ", ")))"
        for path in ["/providers", "/providers/Orders/ready"] {
            let contract = try contract(manager, path)
            #expect(contract?["differs_at"] == .array(Self.places.map { .string($0) }), "\(path): \(contract as Any)")
            let detail = contract?["detail"]?.string ?? ""
            #expect(detail.hasPrefix("Cannot change the content") && detail.hasSuffix(explanation), "\(detail)")
        }
        let text = try status(directory)
        #expect(text.split(separator: "\n").contains { $0.contains("Orders") && $0.contains(explanation) }, "\(text)")
        #expect(try status(directory, "--json").contains(Self.places[1]))
        _ = try manager.log.waitForLine(containing: Self.places.joined(separator: " "), within: .seconds(5))

        // The content that is there: nothing differs any more.
        try volume.publish(["orders.json": pact("/theirs", 200)])
        try manager.wait(for: "ready") { manager.get("/providers/Orders/ready").code == 200 }
        #expect(try contract(manager, "/providers")?["differs_at"] == nil)
        #expect(!(try status(directory).contains("differs at")))
    }
}
