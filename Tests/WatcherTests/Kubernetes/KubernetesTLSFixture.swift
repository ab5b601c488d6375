import Shared
import TestSupport

/// The API server behind nginx with TLS.
struct KubernetesTLSFixture {
    /// Why there is none here; `nil` if there is.
    static var obstacle: String? { NginxProcess.obstacle ?? TestAuthority.obstacle }

    let kubernetes: KubernetesFixture
    let authority: TestAuthority
    /// Signed nothing that the server shows at first.
    let stranger: TestAuthority

    init(names: [String] = ["contracts"]) throws {
        kubernetes = try KubernetesFixture(names: names)
        authority = try TestAuthority("authority", in: kubernetes.directory)
        stranger = try TestAuthority("stranger", in: kubernetes.directory)
        try publish(authority)
    }

    /// The token, and this authority as the one to trust.
    func publish(_ authority: TestAuthority) throws {
        try kubernetes.secret.publish([
            "token": utf8(KubernetesFixture.firstToken), "ca.crt": try RepositoryFile.bytes(authority.certificateFile),
        ])
    }

    var caFile: String { kubernetes.secret.path + "/ca.crt" }

    /// Passes each byte on as it comes, as a proxy in front of an API server must.
    var location: String {
        "location / { proxy_pass \(kubernetes.api.url); proxy_http_version 1.1; proxy_buffering off; "
            + "proxy_read_timeout 600s; }"
    }

    func server(
        _ certificate: TestAuthority.Certificate? = nil,
        location: String? = nil,
        port: UInt16 = 0,
        host: String = "127.0.0.1",
        offersHTTP2: Bool = true,
        reloads: Bool = false
    ) throws -> NginxProcess {
        try NginxProcess(
            certificate: try certificate ?? authority.issue("server"),
            location ?? self.location,
            port: port,
            host: host,
            offersHTTP2: offersHTTP2,
            reloads: reloads
        )
    }

    /// The settings of a watcher in the cluster, but for where its service account's files are.
    func variables(_ server: NginxProcess, host: String = "127.0.0.1") -> [String: String] {
        [
            "KUBERNETES_API_URL": "", "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "\(server.port)",
            "KUBERNETES_CA_FILE": caFile,
        ]
    }
}
