import Glibc
import Shared
import TestSupport
import Testing

/// The gate in front of a command: against our manager, our broker, and servers that come late or go.
@Suite(.serialized, .timeLimit(.minutes(3))) struct GateWaitTests {
    let provider = GateProcess.provider

    @Test func theCommandStartsWhenTheContractIsThereAndKnowsIt() throws {
        let stage = try GateStage()
        let manager = try stage.manager()
        let gate = try GateProcess.start(
            ["--provider", provider, "--manager", manager.client.baseURL],
            command: GateProcess.report
        )
        _ = try GateProcess.line(gate, containing: "waiting for \(provider)")
        try stage.addContract()
        let (exit, output) = try gate.wait(within: .seconds(30))
        #expect(exit == .code(0))
        let status = try JSONReader.parse(Array(manager.get("/providers/\(provider)/ready").body.utf8))
        let contract = try #require(status["contracts"]?[0])
        let version = try #require(contract["version"]?.string)
        let sha = try #require(contract["sha256"]?.string)
        #expect(version == "main-abc")
        let lines = output.split(separator: "\n").map(String.init)
        #expect(lines.contains("READY=1"), "\(output)")
        #expect(lines.contains("PACT_CONTRACT_VERSION=\(version)"), "\(output)")
        #expect(lines.contains("PACT_CONTRACT_SHA256=\(sha)"), "\(output)")
        let list = try #require(lines.first { $0.hasPrefix("PACT_CONTRACTS=") })
        let notes = try JSONReader.parse(Array(list.dropFirst("PACT_CONTRACTS=".count).utf8))
        #expect(notes[0]?["consumer"]?.string == "Secret-Manager-Controller")
        #expect(notes[0]?["sha256"]?.string == sha)
        #expect(lines.contains { $0.contains("ready after") && $0.contains("starting /bin/sh") })
    }

    /// Both addresses look alike, and who mixes them up waits for ever.
    @Test func aManagerIsNoBrokerAndABrokerNoManager() throws {
        let stage = try GateStage()
        let manager = try stage.manager()
        for (option, url, word) in [
            ("--broker", manager.client.baseURL, "one of a Pact Broker: see whether --broker is right (a manager"),
            ("--manager", stage.broker.url, "is not one of a manager: see whether --manager"),
        ] {
            let gate = try GateProcess.start(["--provider", provider, option, url, "--check"])
            let (exit, output) = try gate.wait(within: .seconds(20))
            #expect(exit == .code(75) && output.contains(word), "\(output)")
        }
    }

    @Test func withoutAManagerTheCommandStartsAnywayAndKnowsThatToo() throws {
        let started = MonotonicTime.now()
        let gate = try GateProcess.start(
            ["--provider", provider, "--manager", "http://127.0.0.1:1", "--timeout", "1s"],
            command: GateProcess.report,
            environment: ["PACT_CONTRACT_VERSION=of an outer gate", "PACT_CONTRACTS=[]"]
        )
        let (exit, output) = try gate.wait(within: .seconds(20))
        let time = MonotonicTime.now() - started
        #expect(exit == .code(0))
        #expect(time >= .seconds(1) && time < .seconds(10), "\(time)")
        #expect(output.hasSuffix("READY=0\nPACT_CONTRACT_READY=0\n"), "\(output)")
        #expect(output.contains("connection refused") && output.contains("gave up after 1.0 s"), "\(output)")
    }

    @Test func timedOutWithFailItStartsNothing() throws {
        let gate = try GateProcess.start(
            ["--provider", provider, "--manager", "http://127.0.0.1:1", "--timeout", "300ms", "--on-timeout", "fail"],
            command: GateProcess.report
        )
        let (exit, output) = try gate.wait(within: .seconds(20))
        #expect(exit == .code(75) && !output.contains("READY="), "\(output)")
    }

    /// One after the other: no manager; a manager; killed; another one.
    @Test func managersComeAndGo() throws {
        let stage = try GateStage()
        let port = try stage.manager().port
        let gate = try GateProcess.start(
            ["--provider", provider, "--manager", "http://127.0.0.1:\(port)", "--timeout", "60s"],
            command: GateProcess.report
        )
        _ = try GateProcess.line(gate, containing: "connection refused")
        let first = try stage.manager(port: port)
        _ = try GateProcess.line(gate, containing: "no contract for the provider")
        first.end(with: SIGKILL, within: .seconds(5))
        let gone = try GateProcess.line(gate, containing: "waiting for")
        #expect(gone.contains("refused") || gone.contains("closes") || gone.contains("reset"), "\(gone)")
        let second = try stage.manager(port: port)
        try stage.addContract()
        let (exit, output) = try gate.wait(within: .seconds(30))
        #expect(exit == .code(0) && output.contains("READY=1"), "\(output)")
        #expect(second.get("/liveness").code == 200)
    }

    @Test func severalProvidersAreWaitedForAndOneConsumerIsEnough() throws {
        let stage = try GateStage()
        let manager = try stage.manager()
        let gate = try GateProcess.start(
            [
                "--provider", provider, "--provider", "AWS-Secrets-Manager", "--consumer", "Secret-Manager-Controller",
                "--timeout", "60s",
            ],
            command: GateProcess.report,
            environment: ["MANAGER_URL=\(manager.client.baseURL)"]
        )
        try stage.addContract()
        _ = try GateProcess.line(gate, containing: "waiting for AWS-Secrets-Manager")
        try stage.addContract("aws-secrets-manager")
        let (exit, output) = try gate.wait(within: .seconds(30))
        #expect(exit == .code(0))
        #expect(output.contains("READY=1") && output.contains("AWS-Secrets-Manager\",\"consumer"), "\(output)")
    }

    @Test func aCheckAnswersByItsExitCode() throws {
        let stage = try GateStage()
        let manager = try stage.manager()
        let arguments = ["--provider", provider, "--check", "--manager", manager.client.baseURL]
        let before = try GateProcess.start(arguments).wait(within: .seconds(10))
        #expect(before.exit == .code(75) && before.output.contains("not ready"), "\(before.output)")
        try stage.addContract()
        try manager.wait(for: "the contract") { manager.get("/providers/\(provider)/ready").code == 200 }
        #expect(try GateProcess.start(arguments).wait(within: .seconds(10)).exit == .code(0))
        #expect(
            try GateProcess.start(Array(arguments.dropLast(3)) + ["--manager", manager.client.baseURL])
                .wait(within: .seconds(10)).exit == .code(0),
            "no command: ready is 0"
        )
    }

    @Test func theBrokerItselfIsAskedWithCredentialsFromAFileThatComesLater() throws {
        let stage = try GateStage()
        let file = stage.directory.path + "/password"
        let gate = try GateProcess.start(
            ["--provider", provider, "--broker", stage.broker.url, "--timeout", "60s"],
            command: GateProcess.report,
            environment: ["BROKER_PASSWORD_FILE=\(file)"]
        )
        _ = try GateProcess.line(gate, containing: "BROKER_PASSWORD_FILE cannot be read")
        try stage.directory.write("password", "wrong\n")
        _ = try GateProcess.line(gate, containing: "refuses our credentials (401)")
        try stage.directory.write("password", "pact\n")
        _ = try GateProcess.line(gate, containing: "no contract of '\(provider)' yet")
        try stage.addContract()
        let manager = try stage.manager()
        let (exit, output) = try gate.wait(within: .seconds(30))
        #expect(exit == .code(0) && output.contains("PACT_CONTRACT_VERSION=main-abc"), "\(output)")
        manager.end(with: SIGTERM, within: .seconds(6))
        let pair = try GateProcess.start(
            ["--provider", provider, "--consumer", "Secret-Manager-Controller", "--broker", stage.broker.url],
            command: GateProcess.report
        )
        let text = try pair.wait(within: .seconds(20)).output
        #expect(text.contains("PACT_CONTRACT_VERSION=main-abc") && text.contains("pact_version"), "\(text)")
    }
}
