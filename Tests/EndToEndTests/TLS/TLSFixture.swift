import Shared
import TestSupport

/// A real broker behind nginx with TLS, and the authorities of both sides.
struct TLSFixture {
    /// Why there is none here; `nil` if there is.
    static var obstacle: String? { NginxProcess.obstacle ?? TestAuthority.obstacle }

    let directory: TemporaryDirectory
    let broker: LocalBrokerProcess
    /// Signed the server's certificate and those of the clients that may come in.
    let authority: TestAuthority
    /// Signed nothing that anybody accepts.
    let stranger: TestAuthority

    init(username: String = "", password: String = "") throws {
        directory = try TemporaryDirectory()
        broker = try LocalBrokerProcess(username: username, password: password)
        authority = try TestAuthority("authority", in: directory)
        stranger = try TestAuthority("stranger", in: directory)
    }

    /// All paths, or those under a base path, go to the broker.
    func location(_ path: String = "/", _ more: String = "") -> String {
        "location \(path) { proxy_pass \(broker.url)/; \(more) }"
    }

    /// nginx with a server certificate for loopback.
    func server(
        _ certificate: TestAuthority.Certificate? = nil,
        clientAuthority: String? = nil,
        location: String? = nil,
        port: UInt16 = 0
    ) throws -> NginxProcess {
        try NginxProcess(
            certificate: try certificate ?? authority.issue("server"),
            clientAuthority: clientAuthority,
            location ?? self.location(),
            port: port
        )
    }

    /// The files as a secret's payload.
    static func payload(_ certificate: TestAuthority.Certificate) throws -> [String: [UInt8]] {
        [
            "tls.crt": try RepositoryFile.bytes(certificate.certificateFile),
            "tls.key": try RepositoryFile.bytes(certificate.keyFile),
        ]
    }
}

extension TestAuthority.Certificate {
    /// The settings that name it.
    var settings: [String: String] {
        ["BROKER_CLIENT_CERT_FILE": certificateFile, "BROKER_CLIENT_KEY_FILE": keyFile]
    }
}
