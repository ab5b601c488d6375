import Glibc
import Shared
import TestSupport
import Testing

/// Certificates, authorities and tokens that change in their files while the manager runs: nothing restarts.
@Suite(
    .serialized,
    .enabled(if: TLSFixture.obstacle == nil, "\(TLSFixture.obstacle ?? "")"),
    .timeLimit(.minutes(3))
)
struct RotationTests {
    let fixture: TLSFixture
    /// The mounted secret: `tls.crt`, `tls.key`, `ca.crt` or `token`.
    let secret: KubeletVolume

    init() throws {
        fixture = try TLSFixture()
        secret = try KubeletVolume(fixture.directory.path + "/secret")
    }

    func manager(
        _ server: NginxProcess,
        _ variables: [String: String],
        wrapper: [String] = []
    ) throws -> ManagerProcess {
        try fixture.directory.write("contracts/contract.json", PublisherOnce.contract)
        let base = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)", "CONFIGMAP_PATH": fixture.directory.path + "/contracts",
            "BROKER_CA_FILE": fixture.authority.certificateFile, "GIT_COMMIT": "abc", "CHECK_INTERVAL_SECS": "1",
        ]
        return try ManagerProcess(
            variables: base.merging(variables) { $1 },
            stateDirectory: fixture.directory.path + "/state",
            wrapper: wrapper
        )
    }

    var clientSettings: [String: String] {
        ["BROKER_CLIENT_CERT_FILE": secret.path + "/tls.crt", "BROKER_CLIENT_KEY_FILE": secret.path + "/tls.key"]
    }

    func waitUntilReady(_ manager: ManagerProcess) throws {
        try manager.wait(for: "/readiness 200", within: .seconds(30)) { manager.get("/readiness").code == 200 }
    }

    func waitForReason(_ reason: String, _ words: String, _ manager: ManagerProcess) throws {
        try manager.wait(for: "\(reason) with '\(words)'", within: .seconds(30)) {
            let (code, body) = manager.get("/readiness")
            return code == 503 && body.contains("\"reason\":\"\(reason)\"") && body.contains(words)
        }
    }

    @Test func aNewCertificateIsShownOnNewConnectionsAndTheOldOnesAreDropped() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        try secret.publish(try TLSFixture.payload(try fixture.authority.issue("first")))
        let manager = try manager(server, clientSettings)
        try waitUntilReady(manager)
        let publisher = manager.pid(of: .publisher)
        #expect(Set(server.accesses.map(\.client)) == ["CN=first"])
        #expect(Set(server.accesses.map(\.connection)).count == 1, "one connection is kept")

        try secret.publish(try TLSFixture.payload(try fixture.authority.issue("second")))
        var lostReadiness = 0
        try manager.wait(for: "six requests with the second certificate", within: .seconds(30)) {
            if manager.get("/readiness").code != 200 { lostReadiness += 1 }
            return server.accesses.count { $0.client == "CN=second" } >= 6
        }
        let clients = server.accesses.map(\.client)
        let change = try #require(clients.firstIndex(of: "CN=second"))
        #expect(clients[change...].allSatisfy { $0 == "CN=second" }, "the old connection is not used again")
        #expect(Set(server.accesses.map(\.connection)).count == 2)
        #expect(lostReadiness == 0)
        #expect(manager.pid(of: .publisher) == publisher)
        #expect(manager.log.lines.contains { $0.contains("certificates or key have changed") })
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    @Test func anExpiredCertificateIsReplacedWithoutARestart() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        try secret.publish(try TLSFixture.payload(try fixture.authority.issue("old", .expired)))
        let manager = try manager(server, clientSettings)
        try waitForReason("broker_tls", "it refuses our certificate", manager)
        let publisher = manager.pid(of: .publisher)
        try secret.publish(try TLSFixture.payload(try fixture.authority.issue("fresh")))
        try waitUntilReady(manager)
        #expect(manager.pid(of: .publisher) == publisher)
    }

    /// The certificate first, the key later, as a careless script does: wrong in between, right in the end.
    @Test func aCertificateAndAKeyThatAreWrittenOneAfterTheOtherMeetInTheEnd() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        let first = try TLSFixture.payload(try fixture.authority.issue("first"))
        for (name, bytes) in first { try fixture.directory.write("plain/\(name)", bytes) }
        let path = fixture.directory.path + "/plain"
        let settings = ["BROKER_CLIENT_CERT_FILE": path + "/tls.crt", "BROKER_CLIENT_KEY_FILE": path + "/tls.key"]
        let manager = try manager(server, settings)
        try waitUntilReady(manager)
        let second = try TLSFixture.payload(try fixture.authority.issue("second"))
        try fixture.directory.write("plain/tls.crt", try #require(second["tls.crt"]))
        try waitForReason("broker_tls", "the key must belong to the certificate", manager)
        try fixture.directory.write("plain/tls.key", try #require(second["tls.key"]))
        try waitUntilReady(manager)
        #expect(server.accesses.last?.client == "CN=second")
    }

    /// Nobody can be asked for the passphrase: a manager that has a terminal hands none on to its workers.
    @Test func aKeyThatBecomesEncryptedIsExplainedAndReplacedAlsoUnderATerminal() throws {
        if let obstacle = TestTerminal.obstacle { return print("skipped: \(obstacle)") }
        let terminal = try TestTerminal()
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        let first = try fixture.authority.issue("first")
        try secret.publish(try TLSFixture.payload(first))
        let manager = try manager(server, clientSettings, wrapper: terminal.wrapper)
        try waitUntilReady(manager)
        #expect(try TestTerminal.isControlling(manager.processID))
        for worker in WorkerName.allCases {
            #expect(try !TestTerminal.isControlling(try #require(manager.pid(of: worker))), "\(worker.rawValue)")
        }
        let publisher = manager.pid(of: .publisher)
        try secret.publish(try TLSFixture.payload(try fixture.authority.encrypted(first)))
        try waitForReason("broker_tls", "the key must belong to the certificate", manager)
        try secret.publish(try TLSFixture.payload(try fixture.authority.issue("second")))
        try waitUntilReady(manager)
        #expect(manager.pid(of: .publisher) == publisher)
    }

    /// Alone, in the foreground of a terminal, where OpenSSL would ask and wait for an answer.
    @Test func aPublisherAloneAsksNobodyForAPassphrase() throws {
        if let obstacle = TestTerminal.obstacle { return print("skipped: \(obstacle)") }
        let terminal = try TestTerminal()
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        let first = try fixture.authority.issue("first")
        try secret.publish(try TLSFixture.payload(first))
        let variables = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)", "BROKER_CA_FILE": fixture.authority.certificateFile,
            "CHECK_INTERVAL_SECS": "1", "STATE_DIR": fixture.directory.path + "/state",
        ]
        let command = terminal.wrapper + [try BuiltProducts.path("publisher")]
        let process = try TestChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: variables.merging(clientSettings) { $1 }.map { "\($0)=\($1)" }
        )
        try waitForLine("broker is ready", process)
        #expect(try TestTerminal.isControlling(process.processID))
        try secret.publish(try TLSFixture.payload(try fixture.authority.encrypted(first)))
        try waitForLine("the key must belong to the certificate", process)
        #expect(process.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    private func waitForLine(_ words: String, _ process: TestChildProcess) throws {
        while let line = try process.readLine(within: .seconds(20)) {
            if line.contains(words) { return }
        }
        throw TestSupportError.childFailed(path: process.path, waitingFor: words, output: "ended")
    }

    @Test func otherAuthoritiesCountAtOnceAlsoAgainstAConnectionThatIsOpen() throws {
        let server = try fixture.server()
        let right = try RepositoryFile.bytes(fixture.authority.certificateFile)
        let wrong = try RepositoryFile.bytes(fixture.stranger.certificateFile)
        try secret.publish(["ca.crt": wrong])
        let manager = try manager(server, ["BROKER_CA_FILE": secret.path + "/ca.crt"])
        try waitForReason("broker_tls", "none of the authorities in BROKER_CA_FILE=", manager)
        let publisher = manager.pid(of: .publisher)
        try secret.publish(["ca.crt": right])
        try waitUntilReady(manager)
        try secret.publish(["ca.crt": wrong])
        try waitForReason("broker_tls", "none of the authorities in BROKER_CA_FILE=", manager)
        try secret.publish(["ca.crt": wrong + right])
        try waitUntilReady(manager)
        #expect(manager.pid(of: .publisher) == publisher)
    }

    @Test func aFileThatIsMissingForAMomentChangesNothing() throws {
        let server = try fixture.server()
        try fixture.directory.write("ca.pem", try RepositoryFile.bytes(fixture.authority.certificateFile))
        let manager = try manager(server, ["BROKER_CA_FILE": fixture.directory.path + "/ca.pem"])
        try waitUntilReady(manager)
        fixture.directory.remove("ca.pem")
        let requests = server.accesses.count
        try manager.wait(for: "six more requests", within: .seconds(30)) {
            #expect(manager.get("/readiness").code == 200)
            return server.accesses.count >= requests + 6
        }
        #expect(Set(server.accesses.map(\.connection)).count == 1)
        // Back with another content, which then counts.
        try fixture.directory.write("ca.pem", try RepositoryFile.bytes(fixture.stranger.certificateFile))
        try waitForReason("broker_tls", "none of the authorities in BROKER_CA_FILE=", manager)
    }

    @Test func aTokenInAFileIsReadAgain() throws {
        let check = "if ($http_authorization != \"Bearer sec0nd\") { return 401; } proxy_set_header Authorization \"\";"
        let server = try fixture.server(location: fixture.location("/", check))
        try secret.publish(["token": "f1rst\n"])
        let manager = try manager(server, ["BROKER_TOKEN_FILE": secret.path + "/token"])
        try waitForReason("broker_unauthorized", "401", manager)
        try secret.publish(["token": "sec0nd\n"])
        try waitUntilReady(manager)
        #expect(!manager.log.lines.contains { $0.contains("sec0nd") || $0.contains("f1rst") })
    }

    @Test func onlyThePublisherIsGivenWhatOpensTheBroker() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        try secret.publish(try TLSFixture.payload(try fixture.authority.issue("first")))
        let proxy = ["HTTP_PROXY": "http://user:w0rd@127.0.0.1:1", "no_proxy": "elsewhere"]
        let manager = try manager(server, clientSettings.merging(proxy) { $1 })
        try waitUntilReady(manager)
        let names = ["BROKER_CA_FILE", "BROKER_CLIENT_CERT_FILE", "BROKER_CLIENT_KEY_FILE", "HTTP_PROXY", "no_proxy"]
        for worker in WorkerName.allCases {
            let pid = try #require(manager.pid(of: worker))
            let given = try RepositoryFile.text("/proc/\(pid)/environ").split(separator: "\0")
            for name in names {
                let isGiven = given.contains { $0.hasPrefix("\(name)=") }
                #expect(isGiven == (worker == .publisher), "\(name) and \(worker.rawValue)")
            }
        }
    }
}
