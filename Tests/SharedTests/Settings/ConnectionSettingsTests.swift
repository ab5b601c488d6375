import Shared
import Testing

/// Certificates and proxies: what stops the start by name, and which proxy counts.
@Suite struct ConnectionSettingsTests {
    static let certificate = "# ours\n-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    static let key = "-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n"
    static let files = [
        "/cert": certificate, "/key": key, "/both": certificate + key, "/text": "not PEM",
        "/locked": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ]

    func settings(_ variables: [String: String]) throws -> Settings {
        try Settings(environment: ProcessEnvironment(variables)) { path in
            guard let text = Self.files[path] else {
                return .failure(SystemError(call: "open", number: 2, subject: path))
            }
            return .success(Array(text.utf8))
        }
    }

    func problem(_ variables: [String: String]) -> String {
        do {
            _ = try settings(variables)
            return ""
        } catch {
            return "\(error)"
        }
    }

    // MARK: Certificates

    @Test func takesACertificateWithItsKeyAlsoFromOneFile() throws {
        let two = try settings(["BROKER_CLIENT_CERT_FILE": "/cert", "BROKER_CLIENT_KEY_FILE": "/key"])
        #expect(two.brokerClientCertificateFile == "/cert" && two.brokerClientKeyFile == "/key")
        #expect(problem(["BROKER_CLIENT_CERT_FILE": "/both", "BROKER_CLIENT_KEY_FILE": "/both"]).isEmpty)
        #expect(problem(["BROKER_CLIENT_CERT_FILE": "", "BROKER_CLIENT_KEY_FILE": ""]).isEmpty)
    }

    @Test(arguments: [
        (["BROKER_CLIENT_CERT_FILE": "/cert"], "BROKER_CLIENT_KEY_FILE is not set; a client certificate needs both"),
        (["BROKER_CLIENT_KEY_FILE": "/key"], "BROKER_CLIENT_CERT_FILE is not set; a client certificate needs both"),
        (
            ["BROKER_CLIENT_CERT_FILE": "/none", "BROKER_CLIENT_KEY_FILE": "/key"],
            "BROKER_CLIENT_CERT_FILE='/none' is not usable; the file cannot be read"
        ),
        (
            ["BROKER_CLIENT_CERT_FILE": "/cert", "BROKER_CLIENT_KEY_FILE": "/none"],
            "BROKER_CLIENT_KEY_FILE='/none' is not usable; the file cannot be read"
        ),
        (
            ["BROKER_CLIENT_CERT_FILE": "/key", "BROKER_CLIENT_KEY_FILE": "/key"],
            "BROKER_CLIENT_CERT_FILE='/key' is not usable; the file holds no certificate in PEM form"
        ),
        (
            ["BROKER_CLIENT_CERT_FILE": "/cert", "BROKER_CLIENT_KEY_FILE": "/cert"],
            "BROKER_CLIENT_KEY_FILE='/cert' is not usable; the file holds no private key in PEM form"
        ),
        (
            ["BROKER_CLIENT_CERT_FILE": "/cert", "BROKER_CLIENT_KEY_FILE": "/locked"],
            "BROKER_CLIENT_KEY_FILE='/locked' is not usable; the file holds an encrypted key"
        ),
        (["BROKER_CA_FILE": "/none"], "BROKER_CA_FILE='/none' is not usable; the file cannot be read"),
        (
            ["BROKER_CA_FILE": "/text"],
            "BROKER_CA_FILE='/text' is not usable; the file holds no certificate in PEM form"
        ),
    ])
    func namesWhatIsWrongWithAFile(variables: [String: String], expected: String) {
        #expect(problem(variables).contains(expected), "\(problem(variables))")
    }

    // MARK: Which proxy

    @Test(arguments: [
        (["http_proxy": "http://p:1"], "http://b", "http://p:1 (http_proxy)"),
        (["HTTP_PROXY": "http://p:1"], "http://b", "http://p:1 (HTTP_PROXY)"),
        (["HTTPS_PROXY": "p:1"], "https://b", "http://p:1 (HTTPS_PROXY)"),
        (["https_proxy": "HTTP://P:1/", "HTTPS_PROXY": "q:1"], "https://b", "http://P:1 (https_proxy)"),
        (["https_proxy": "", "HTTPS_PROXY": "q:1"], "https://b", "http://q:1 (HTTPS_PROXY)"),
        (["ALL_PROXY": "socks5h://p:1"], "https://b", "socks5h://p:1 (ALL_PROXY)"),
        (["ALL_PROXY": "q:1", "http_proxy": "p:1"], "http://b", "http://p:1 (http_proxy)"),
        (["http_proxy": "http://user:s3cret@p:1"], "http://b", "http://p:1 (http_proxy)"),
        (["HTTP_PROXY": "p:1"], "https://b", "none"),
        (["HTTPS_PROXY": "p:1"], "http://b", "none"),
        (["HTTP_PROXY": "p:1", "NO_PROXY": "a,b"], "http://b", "none"),
        (["HTTP_PROXY": "p:1", "no_proxy": "a", "NO_PROXY": "b"], "http://b", "http://p:1 (HTTP_PROXY)"),
    ])
    func choosesTheProxyOfTheScheme(variables: [String: String], url: String, expected: String) throws {
        let proxy = try settings(variables.merging(["BROKER_URL": url]) { $1 }).brokerProxy
        #expect(proxy.map { "\($0)" } ?? "none" == expected)
    }

    @Test func keepsTheProxysCredentialsApart() throws {
        let proxy = try settings(["HTTP_PROXY": "http://us%40er:s3cret@p:1"]).brokerProxy
        #expect(proxy?.credentials == .init(username: "us@er", password: "s3cret"))
        #expect(proxy?.url == "http://p:1")
    }

    @Test(arguments: ["http://", "ftp://p:1", "http://p:99999", "http://p:1/path", "p q"])
    func namesAProxyThatIsNone(value: String) {
        #expect(problem(["HTTP_PROXY": value]).contains("HTTP_PROXY='\(value)' is not usable; allowed: host:port"))
        // Somebody else's: the broker is asked over http.
        #expect(problem(["HTTPS_PROXY": value]).isEmpty)
    }

    @Test func neverShowsThePasswordOfAProxyThatIsNone() {
        let text = problem(["HTTP_PROXY": "http://user:s3cret@p:1/path"])
        #expect(text.contains("HTTP_PROXY") && !text.contains("s3cret"))
    }

    @Test(arguments: [
        // Entry, URL, reached without the proxy.
        ("*", "http://b", true), ("b", "http://b:9292", true), ("b", "http://B", true), ("b", "http://bb", false),
        ("x, b", "http://b", true), ("x b", "http://b", true), ("svc", "http://broker.ns.svc", true),
        (".svc", "http://broker.ns.svc", true), ("*.svc", "http://broker.ns.svc", true), (".svc", "http://svc", true),
        ("svc", "http://notsvc", false), ("b:9292", "http://b:9292", true), ("b:9292", "http://b", false),
        ("b:80", "http://b", true), ("b:443", "https://b", true), ("b.", "http://b", true), ("b", "http://b.", true),
        ("127.0.0.1", "http://127.0.0.1:1", true), ("127.0.0.1:2", "http://127.0.0.1:1", false),
        ("0.0.1", "http://127.0.0.1", false), ("10.0.0.0/8", "http://10.200.3.4", true),
        ("10.0.0.0/8", "http://11.0.0.1", false), ("10.1.0.0/15", "http://10.0.9.9", true),
        ("10.2.0.0/15", "http://10.1.9.9", false), ("10.0.0.0/33", "http://10.0.0.0", false),
        ("0.0.0.0/0", "http://1.2.3.4", true), ("10.0.0.0/8", "http://[::1]", false),
        ("::1", "http://[::1]:1", true), ("[::1]", "http://[::1]:1", true), ("[::1]:2", "http://[::1]:1", false),
        ("0:0:0:0:0:0:0:1", "http://[::1]", true), ("fd00::/8", "http://[fd12::1]", true), (",", "http://b", false),
        ("", "http://b", false), (".", "http://b", false),
    ])
    func readsNoProxy(entry: String, url: String, isReachedDirectly: Bool) throws {
        let variables = ["HTTP_PROXY": "p:1", "HTTPS_PROXY": "p:1", "NO_PROXY": entry, "BROKER_URL": url]
        #expect(try (settings(variables).brokerProxy == nil) == isReachedDirectly)
    }
}
