import Glibc
import Shared
import TestSupport
import Testing

/// The real pact tools (`PACT_CLI`: the `pact` executable of PyPI's pact-python-cli) beside our manager and broker.
@Suite(.serialized, .timeLimit(.minutes(3))) struct PactToolsTests {
    static let tool: String? = getenv("PACT_CLI").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    static let gcp = "/pacts/provider/GCP-Secret-Manager/consumer/Secret-Manager-Controller/latest"
    /// The CLI adds `"combine":"AND"` to the matching rules: other interactions for the broker than those of the file.
    /// (That it drops `x-top` alone would be the same content.)
    static let rewritten = """
        {"consumer":{"name":"Shop"},"provider":{"name":"Orders"},"x-top":true,"interactions":[{"description":"a request",\
        "request":{"method":"GET","path":"/orders"},"response":{"status":200,"headers":{"Content-Type":"application/json"},\
        "body":{"total":1e3},"matchingRules":{"body":{"$.total":{"matchers":[{"match":"type"}]}}}}}],\
        "metadata":{"pactSpecification":{"version":"3.0.0"}}}
        """
    /// Only in what the CLI made of it.
    static let mark = "\"combine\""

    /// A broker, a directory with the GCP example and a contract that the CLI rewrites, and the tool.
    struct Setting {
        let tool: String
        let directory: TemporaryDirectory
        let broker: LocalBrokerProcess
        var contracts: String { directory.path + "/contracts" }

        init?() throws {
            guard let tool = PactToolsTests.tool else {
                print("skipped: PACT_CLI is not set (make check sets it)")
                return nil
            }
            self.tool = tool
            directory = try TemporaryDirectory()
            broker = try LocalBrokerProcess(username: "pact", password: "pact")
            try directory.write(
                "contracts/gcp.json",
                try RepositoryFile.bytes("deploy/examples/contracts/gcp-secret-manager.json")
            )
            try directory.write("contracts/shop.json", PactToolsTests.rewritten)
        }

        func manager() throws -> ManagerProcess {
            try ManagerProcess(
                variables: [
                    "BROKER_URL": broker.url, "CONFIGMAP_PATH": contracts, "GIT_BRANCH": "main", "GIT_COMMIT": "abc",
                    "CHECK_INTERVAL_SECS": "1",
                ],
                stateDirectory: directory.path + "/state"
            )
        }

        /// `pact broker publish` of the whole directory, or of one file of it.
        func publish(_ file: String = "", version: String = "main-abc") throws -> (
            exit: TestChildProcess.Exit, text: String
        ) {
            let process = try TestChildProcess(
                tool,
                [
                    "broker", "publish", file.isEmpty ? contracts : "\(contracts)/\(file)", "--broker-base-url",
                    broker.url,
                    "--broker-username", "pact", "--broker-password", "pact", "--consumer-app-version", version,
                    "--branch", "main", "--retries", "1",
                ]
            )
            let (exit, output) = try process.wait(within: .seconds(60))
            return (exit, output)
        }

        func latest(_ path: String) throws -> (version: String, text: String) {
            let answer = try broker.client.get(path, headers: [("Accept", "application/hal+json")])
            return (answer.header("x-pact-consumer-version") ?? "", answer.text)
        }
    }

    static let orders = "/pacts/provider/Orders/consumer/Shop/latest"

    func waitUntilReady(_ manager: ManagerProcess) throws {
        try manager.wait(for: "/readiness 200", within: .seconds(60)) { manager.get("/readiness").code == 200 }
    }

    @Test func aRealStubServesWhatTheManagerPublished() throws {
        guard let setting = try Setting() else { return }
        let manager = try setting.manager()
        try waitUntilReady(manager)
        let stub = try TestChildProcess(
            setting.tool,
            [
                "stub", "--broker-url", setting.broker.url, "--user", "pact:pact", "--provider-name",
                "GCP-Secret-Manager",
            ]
        )
        defer { stub.end(with: SIGTERM, within: .seconds(5)) }
        var port = ""
        while port.isEmpty, let line = try stub.readLine(within: .seconds(30)) {
            if let range = line.firstRange(of: "Server started on port ") {
                port = String(line[range.upperBound...].prefix { $0.isNumber })
            }
        }
        let client = try TestHTTPClient("http://127.0.0.1:\(port)")
        let path = "/v1/projects/demo-project/secrets/db-password"
        let answer = try client.get(path, headers: [("Authorization", "Bearer ya29.example")])
        print("pact stub: GET \(path) → \(answer.status) \(answer.text)")
        #expect(answer.status == 200)
        #expect(answer.text.contains("db-password"))
    }

    @Test func theToolFirstAndTheManagerSecondEndWithOurContent() throws {
        guard let setting = try Setting() else { return }
        let published = try setting.publish()
        #expect(published.exit == .code(0), "\(published.text)")
        #expect(try setting.latest(Self.orders).text.contains(Self.mark))
        let manager = try setting.manager()
        try waitUntilReady(manager)
        let orders = try setting.latest(Self.orders)
        print("the tool first: Orders is served as \(orders.version)")
        #expect(orders.version.hasPrefix("main-abc-"))
        #expect(!orders.text.contains(Self.mark), "the broker does not serve our content")
        let answer = manager.get("/providers/Orders/ready")
        #expect(answer.code == 200 && answer.body.contains(orders.version), "\(answer.body)")
    }

    @Test func theManagerFirstAndTheToolSecondEndWithOurContent() throws {
        guard let setting = try Setting() else { return }
        let manager = try setting.manager()
        try waitUntilReady(manager)
        let before = try setting.latest(Self.orders)
        let published = try setting.publish("shop.json")
        print("the manager first: the tool leaves with \(published.exit)")
        #expect(published.exit == .code(1), "\(published.text)")
        try waitUntilReady(manager)
        let after = try setting.latest(Self.orders)
        #expect(after == before && after.version == "main-abc" && !after.text.contains(Self.mark))
    }

    @Test func aLaterVersionOfSomebodyElseIsAnsweredAndThenShown() throws {
        guard let setting = try Setting() else { return }
        let manager = try setting.manager()
        try waitUntilReady(manager)
        var foreign: [String] = []
        for round in 1...6 {
            let version = "foreign-\(round)"
            let published = try setting.publish("shop.json", version: version)
            #expect(published.exit == .code(0), "\(published.text)")
            var state = ""
            try manager.wait(for: "an answer to \(version)", within: .seconds(60)) {
                let body = manager.get("/providers/Orders/ready").body
                if body.contains("\"state\":\"superseded\""), body.contains(version) { state = "superseded" }
                if try setting.latest(Self.orders).version.hasPrefix("main-abc"), body.contains("\"published\"") {
                    state = "answered"
                }
                return !state.isEmpty
            }
            foreign.append("\(version) \(state)")
            if state == "superseded" { break }
        }
        print("later versions of somebody else: \(foreign.joined(separator: ", "))")
        #expect(foreign.last == "foreign-4 superseded")
        // Ours is there all the same, so the provider counts as ready; the status names the other one.
        let answer = manager.get("/providers/Orders/ready")
        #expect(answer.code == 200, "\(answer.body)")
        #expect(manager.get("/readiness").body.contains("\"superseded\":1"))
    }

    @Test func wrongCredentialsAreTheToolsFailureToo() throws {
        guard let setting = try Setting() else { return }
        let process = try TestChildProcess(
            setting.tool,
            [
                "broker", "publish", setting.contracts, "--broker-base-url", setting.broker.url, "--broker-username",
                "pact", "--broker-password", "wrong", "--consumer-app-version", "1", "--retries", "1",
            ]
        )
        #expect(try process.wait(within: .seconds(60)).exit == .code(1))
    }
}
