import Shared
import TestSupport
import Testing

/// The built `publisher` against nginx and `openssl s_server`: what works, and what is said when it does not. Each message
/// names the address, what failed and the setting to change.
@Suite(
    .enabled(if: TLSFixture.obstacle == nil, "\(TLSFixture.obstacle ?? "")"),
    .timeLimit(.minutes(2))
)
struct TLSExplanationTests {
    let fixture: TLSFixture

    init() throws { fixture = try TLSFixture() }

    /// The way in fails with these words.
    func expectFailure(
        _ environment: [String: String],
        status: String = "tls",
        _ words: String...,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let run = try PublisherOnce.run(environment)
        #expect(run.exit != .code(0), "\(run.output)", sourceLocation: location)
        #expect(run.output.contains("broker.status=\(status)"), "\(run.output)", sourceLocation: location)
        for word in words {
            #expect(run.output.contains(word), "lacks '\(word)': \(run.output)", sourceLocation: location)
        }
        #expect(try fixture.broker.requests().contains("\"method\"") == false, sourceLocation: location)
    }

    // MARK: The server's certificate

    @Test func publishesWithTheRightAuthority() throws {
        let server = try fixture.server()
        for host in ["127.0.0.1", "localhost"] {
            let environment = [
                "BROKER_URL": "https://\(host):\(server.port)", "BROKER_CA_FILE": fixture.authority.certificateFile,
            ]
            let run = try PublisherOnce.run(environment, timeout: "20s")
            #expect(run.exit == .code(0), "\(run.output)")
        }
    }

    @Test func explainsAnAuthorityThatIsNotTrusted() throws {
        let server = try fixture.server()
        let address = "127.0.0.1:\(server.port)"
        let wrong = fixture.stranger.certificateFile
        try expectFailure(
            ["BROKER_URL": "https://\(address)", "BROKER_CA_FILE": wrong],
            "TLS with \(address) failed: its certificate is of none of the authorities in BROKER_CA_FILE=\(wrong)",
            "unable to get local issuer certificate"
        )
        try expectFailure(
            ["BROKER_URL": "https://\(address)"],
            "TLS with \(address) failed: its certificate is of no authority that this system trusts; set BROKER_CA_FILE"
        )
    }

    @Test func explainsACertificateThatHasExpiredOrIsForAnotherName() throws {
        let expired = try fixture.server(try fixture.authority.issue("expired", .expired))
        let trust = ["BROKER_CA_FILE": fixture.authority.certificateFile]
        try expectFailure(
            trust.merging(["BROKER_URL": "https://127.0.0.1:\(expired.port)"]) { $1 },
            "TLS with 127.0.0.1:\(expired.port) failed: its certificate, or one that it is signed with, has expired"
        )
        let other = try fixture.server(try fixture.authority.issue("other", names: ["DNS:broker.example"]))
        for host in ["127.0.0.1", "localhost"] {
            try expectFailure(
                trust.merging(["BROKER_URL": "https://\(host):\(other.port)"]) { $1 },
                "TLS with \(host):\(other.port) failed: its certificate is for another name; set BROKER_URL",
                "'\(host)'"
            )
        }
    }

    @Test func explainsTheWrongScheme() throws {
        let plain = try NginxProcess(fixture.location())
        try expectFailure(
            ["BROKER_URL": "https://127.0.0.1:\(plain.port)"],
            "TLS with 127.0.0.1:\(plain.port) failed: no TLS is spoken there; is BROKER_URL http:// instead"
        )
        let server = try fixture.server()
        try expectFailure(
            ["BROKER_URL": "http://127.0.0.1:\(server.port)/base"],
            "speaks TLS only; set BROKER_URL to https://127.0.0.1:\(server.port)/base"
        )
    }

    // MARK: Ours

    @Test func showsItsCertificate() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        let environment = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)", "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        let client = try fixture.authority.issue("client")
        let run = try PublisherOnce.run(client.settings.merging(environment) { $1 }, timeout: "20s")
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(server.accesses.contains { $0.path == "/contracts/publish" || $0.path.hasPrefix("/pacts/provider") })
        #expect(server.accesses.allSatisfy { $0.client == "CN=client" })
    }

    @Test func explainsACertificateOfOursThatIsMissingExpiredOrOfAnotherAuthority() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        try expectRefusals(port: server.port, expired: "", stranger: "")
    }

    /// As above where the server says it with an alert: within the handshake in TLS 1.2, after it in TLS 1.3.
    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func explainsItFromAnAlertToo(version: String) throws {
        let certificate = try fixture.authority.issue("server")
        let server = try fixture.authority.strictServer(certificate, arguments: [version])
        // In TLS 1.2 libcurl 7.88 leaves the alert of an expired certificate out.
        let expired = version == "-tls1_3" ? "alert certificate expired" : ""
        try expectRefusals(port: server.port, expired: expired, stranger: "alert unknown ca")
    }

    /// - Parameters:
    ///   - expired: What OpenSSL says of the server's answer to an expired certificate.
    ///   - stranger: And to one of an authority it does not know.
    func expectRefusals(port: UInt16, expired: String, stranger: String) throws {
        let address = "127.0.0.1:\(port)"
        let base = ["BROKER_URL": "https://\(address)", "BROKER_CA_FILE": fixture.authority.certificateFile]
        try expectFailure(
            base,
            "TLS with \(address) failed: it wants a client certificate; set BROKER_CLIENT_CERT_FILE and "
                + "BROKER_CLIENT_KEY_FILE"
        )
        let refusals = [
            (try fixture.authority.issue("old", .expired), expired), (try fixture.stranger.issue("client"), stranger),
        ]
        for (refused, words) in refusals {
            try expectFailure(
                base.merging(refused.settings) { $1 },
                words,
                "TLS with \(address) failed: it refuses our certificate, BROKER_CLIENT_CERT_FILE="
                    + "\(refused.certificateFile): expired, or of an authority"
            )
        }
    }

    @Test func explainsAKeyOfAnotherCertificate() throws {
        let server = try fixture.server(clientAuthority: fixture.authority.certificateFile)
        var mixed = try fixture.authority.issue("client")
        mixed.keyFile = try fixture.authority.issue("second").keyFile
        let base = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)", "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        try expectFailure(
            base.merging(mixed.settings) { $1 },
            "BROKER_CLIENT_KEY_FILE=\(mixed.keyFile) cannot be used; the key must belong to the certificate"
        )
    }

    @Test func doesNotStartWithHalfACertificate() throws {
        let client = try fixture.authority.issue("client")
        let run = try PublisherOnce.run(["BROKER_CLIENT_CERT_FILE": client.certificateFile])
        #expect(run.exit == .code(78))
        #expect(run.output.contains("BROKER_CLIENT_KEY_FILE is not set"), "\(run.output)")
    }
}
