import Glibc
import Shared
import TestSupport
import Testing

/// `manager status` and `manager --check`, as a person runs them.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StatusCommandTests {
    func run(_ arguments: [String], _ environment: [String]) throws -> (exit: TestChildProcess.Exit, output: String) {
        let process = try TestChildProcess(try BuiltProducts.path("manager"), arguments, environment: environment)
        return try process.wait(within: .seconds(20))
    }

    @Test func showsALivingManagerAndLeavesWithThreeWithoutOne() throws {
        let directory = try TemporaryDirectory()
        let environment = ["STATE_DIR=\(directory.path)/state"]
        let nothing = try run(["status"], environment)
        #expect(nothing.exit == .code(ExitCode.notRunning.rawValue))
        #expect(nothing.output.contains("No manager is running here"))
        // Looking creates nothing.
        #expect(access("\(directory.path)/state", F_OK) != 0)

        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        let contracts = RepositoryFile.root + "/deploy/examples/contracts"
        let manager = try ManagerProcess(
            variables: ["BROKER_URL": broker.url, "CONFIGMAP_PATH": contracts],
            stateDirectory: directory.path + "/state"
        )
        try manager.wait(for: "/readiness") { manager.get("/readiness").code == 200 }
        kill(try #require(manager.pid(of: .watcher)), SIGKILL)
        try manager.wait(for: "a restart") {
            manager.processes?.workers.contains { $0.restarts == 1 && $0.phase == .ready } == true
        }
        let text = try run(["status"], environment)
        #expect(text.exit == .code(0))
        #expect(text.output.hasPrefix("All 3 contracts are in the broker.\n"), "\(text.output)")
        for part in ["watcher", "SIGKILL at ", "GCP-Secret-Manager", "published", "main-unknown", broker.url, "KiB"] {
            #expect(text.output.contains(part), "\(part) in \(text.output)")
        }
        #expect(!text.output.contains("pact:pact"))

        let json = try run(["status", "--json"], environment)
        let document = try JSONReader.parse(Array(json.output.utf8))
        #expect(document["isRunning"]?.bool == true)
        #expect(document["pairStates"]?.array?.count == 3)
        #expect(document["processes"]?["workers"]?.array?.count == 3)

        let check = try run(["--check"], environment + ["HEALTH_PORT=\(manager.port)", "CONFIGMAP_PATH=\(contracts)"])
        #expect(check.exit == .code(ExitCode.alreadyOwned.rawValue))
        #expect(check.output.contains("FAIL  STATE_DIR") && check.output.contains("FAIL  HEALTH_PORT"))

        manager.end(with: SIGTERM, within: .seconds(6))
        let after = try run(["status"], environment)
        #expect(after.exit == .code(ExitCode.notRunning.rawValue))
        #expect(after.output.contains("what follows is what the last one left"))
        #expect(after.output.contains("GCP-Secret-Manager"))
    }

    @Test(arguments: ["", "{}", "not json at all", String(repeating: "\0", count: 100_000)])
    func saysWhatIsWrongWithABrokenStateFile(content: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("state/state.json", content)
        let status = try run(["status"], ["STATE_DIR=\(directory.path)/state"])
        #expect(status.exit == .code(ExitCode.notRunning.rawValue))
        #expect(status.output.contains("cannot be read"), "\(status.output)")
        let json = try run(["status", "--json"], ["STATE_DIR=\(directory.path)/state"])
        #expect(try JSONReader.parse(Array(json.output.utf8))["problems"]?["broker"]?.string?.isEmpty == false)
    }

    @Test func checksWithoutStartingAnything() throws {
        let directory = try TemporaryDirectory()
        try directory.write("contracts/a.json", "{}")
        let pair = directory.path + "/pair.pem"
        try directory.write(
            "pair.pem",
            ["CERTIFICATE", "PRIVATE KEY"].map { "-----BEGIN \($0)-----\nMA==\n-----END \($0)-----\n" }.joined()
        )
        let check = try run(
            ["--check"],
            [
                "STATE_DIR=\(directory.path)/state", "HEALTH_PORT=0", "CONFIGMAP_PATH=\(directory.path)/contracts",
                "BROKER_URL=http://me:hidden@broker:1/base", "HTTP_PROXY=http://me:w0rd@proxy:3128",
                "BROKER_CLIENT_CERT_FILE=\(pair)", "BROKER_CLIENT_KEY_FILE=\(pair)",
            ]
        )
        for line in [
            "BROKER_CLIENT_CERT_FILE  \(pair)", "BROKER_CLIENT_KEY_FILE   \(pair)",
            "HTTP_PROXY               http://proxy:3128, the proxy; not tried",
        ] {
            #expect(check.output.contains("ok  \(line)\n"), "\(check.output)")
        }
        #expect(!check.output.contains("w0rd"))
        #expect(check.exit == .code(0), "\(check.output)")
        #expect(check.output.hasPrefix("ok  settings"))
        #expect(check.output.contains("http://broker:1/base, with basic authentication"))
        #expect(!check.output.contains("hidden"))
        #expect(access("\(directory.path)/state", F_OK) != 0, "looking creates nothing")
    }
}
