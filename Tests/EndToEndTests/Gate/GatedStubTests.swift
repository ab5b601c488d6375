import Glibc
import TestSupport
import Testing

/// The real stub server (`PACT_CLI`) behind the gate. It reads the broker once, at its start, and serves 404 for ever if it
/// was too early: what the gate is for.
@Suite(.serialized, .timeLimit(.minutes(3))) struct GatedStubTests {
    static let path = "/v1/projects/demo-project/secrets/db-password"

    /// Starts `words` and takes the port from the stub's own line.
    func stub(_ words: [String]) throws -> (process: TestChildProcess, client: TestHTTPClient) {
        let process = try TestChildProcess(words[0], Array(words.dropFirst()))
        let line = try GateProcess.line(process, containing: "Server started on port ")
        let port = line.split(separator: " ").last?.filter(\.isNumber) ?? ""
        return (process, try TestHTTPClient("http://127.0.0.1:\(port)"))
    }

    @Test(arguments: [true, false]) func servesTheContractBecauseItStartedAfterIt(asksBroker: Bool) throws {
        guard let tool = PactToolsTests.tool else {
            print("skipped: PACT_CLI is not set (make check sets it)")
            return
        }
        let stage = try GateStage()
        let manager = try stage.manager()
        let server = [
            tool, "stub", "--broker-url", stage.broker.url, "--user", "pact:pact", "--provider-name",
            GateProcess.provider,
        ]
        let early = try stub(server)
        defer { early.process.end(with: SIGTERM, within: .seconds(5)) }
        let source = asksBroker ? ["--broker", stage.broker.url] : ["--manager", manager.client.baseURL]
        let gate =
            [try BuiltProducts.path("wait-for-contract"), "--provider", GateProcess.provider] + source + ["--"] + server
        let waiting = try TestChildProcess(gate[0], Array(gate.dropFirst()))
        _ = try GateProcess.line(waiting, containing: "waiting for")
        try stage.addContract()
        let line = try GateProcess.line(waiting, containing: "Server started on port ")
        let port = line.split(separator: " ").last?.filter(\.isNumber) ?? ""
        let client = try TestHTTPClient("http://127.0.0.1:\(port)")
        let headers = [(name: "Authorization", value: "Bearer ya29.example")]
        #expect(try client.get(Self.path, headers: headers).status == 200)
        #expect(try early.client.get(Self.path, headers: headers).status == 404, "ungated, it was too early")
        // It is the gate's process: SIGTERM ends the stub itself.
        let exit = waiting.end(with: SIGTERM, within: .seconds(5))
        print("pact stub behind the gate: 200, ungated: 404; SIGTERM: \(exit)")
        #expect(exit != .signal(SIGKILL))
    }
}
