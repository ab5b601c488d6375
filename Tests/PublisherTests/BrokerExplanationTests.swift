import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// What an operator reads for each sentence of libcurl and OpenSSL, as recorded on Debian 12 (libcurl 7.88.1, OpenSSL 3.0)
/// against nginx 1.22 and `openssl s_server`.
@Suite("Explanations") struct BrokerExplanationTests {
    private func explain(
        _ error: TransportError,
        _ connection: HTTPConnectionSettings = .init(),
        url: String = "https://broker:9443/pact"
    ) throws -> TransportError {
        let explanation = BrokerExplanation(url: try #require(BaseURL(url)), connection: connection)
        guard case .failure(let explained) = explanation.explain(.failure(error)) else {
            throw error
        }
        return explained
    }

    private static let ours = HTTPConnectionSettings(
        caFile: "/ca.pem",
        clientCertificateFile: "/tls.crt",
        clientKeyFile: "/tls.key"
    )

    @Test(arguments: [
        (
            "SSL certificate problem: unable to get local issuer certificate", "set BROKER_CA_FILE to the PEM file",
            "none of the authorities in BROKER_CA_FILE=/ca.pem"
        ),
        (
            "SSL certificate problem: self-signed certificate in certificate chain",
            "set BROKER_CA_FILE to the PEM file", "none of the authorities in BROKER_CA_FILE=/ca.pem"
        ),
        (
            "SSL certificate problem: certificate has expired",
            "has expired; renew it, or correct this machine's clock",
            "has expired; renew it, or correct this machine's clock"
        ),
        ("SSL certificate problem: certificate is not yet valid", "check this machine's clock", "clock"),
        (
            "SSL: no alternative certificate subject name matches target host name 'broker'",
            "its certificate is for another name; set BROKER_URL", "its certificate is for another name; set BROKER_URL"
        ),
        ("error setting certificate file: /ca.pem", "BROKER_CA_FILE", "BROKER_CA_FILE=/ca.pem cannot be used"),
        (
            "unable to set private key file: '/tls.key' type PEM", "BROKER_CLIENT_KEY_FILE",
            "BROKER_CLIENT_KEY_FILE=/tls.key cannot be used; the key must belong to the certificate"
        ),
        (
            "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number", "no TLS is spoken there",
            "no TLS is spoken there"
        ),
        (
            "OpenSSL SSL_read: OpenSSL/3.0.19: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
            "it wants a client certificate; set BROKER_CLIENT_CERT_FILE and BROKER_CLIENT_KEY_FILE",
            "it refuses our certificate, BROKER_CLIENT_CERT_FILE=/tls.crt"
        ),
        (
            "OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure",
            "it wants a client certificate", "it refuses our certificate, BROKER_CLIENT_CERT_FILE=/tls.crt"
        ),
        (
            "OpenSSL SSL_read: OpenSSL/3.0.19: error:0A000415:SSL routines::sslv3 alert certificate expired, errno 0",
            "it refused the connection", "it refuses our certificate, BROKER_CLIENT_CERT_FILE=/tls.crt"
        ),
        (
            "OpenSSL/3.0.19: error:0A000418:SSL routines::tlsv1 alert unknown ca", "it refused the connection",
            "it refuses our certificate, BROKER_CLIENT_CERT_FILE=/tls.crt"
        ),
        ("SSL certificate verification failed", "check BROKER_URL and BROKER_CA_FILE", "it refuses our certificate"),
        ("something new", "check BROKER_URL and BROKER_CA_FILE", "check BROKER_URL and BROKER_CA_FILE"),
    ])
    func `TLS: with nothing set, and with authorities and a certificate of ours`(
        sentence: String,
        bare: String,
        withOurs: String
    ) throws {
        for (connection, words) in [(HTTPConnectionSettings(), bare), (Self.ours, withOurs)] {
            let explained = try explain(TransportError(.tls, sentence), connection)
            #expect(explained.kind == .tls)
            #expect(explained.detail.hasPrefix("TLS with broker:9443 failed: "), "\(explained)")
            #expect(explained.detail.contains(words), "\(explained)")
            #expect(explained.detail.hasSuffix("(\(sentence))"))
        }
    }

    @Test func `a silent name server is named as what it is`() throws {
        let explained = try explain(TransportError(.dns, "Resolving timed out after 5001 milliseconds"))
        #expect(explained.detail.hasPrefix("the name server does not answer when asked for broker:9443"))
        let unknown = TransportError(.dns, "Could not resolve host: broker")
        #expect(try explain(unknown) == unknown)
    }

    @Test func `with a proxy it is named, without its password`() throws {
        let proxy = try #require(ProxySetting(variable: "HTTPS_PROXY", "http://user:w0rd@p:3128"))
        let connection = HTTPConnectionSettings(proxy: proxy)
        var error = TransportError(.disconnected, "CONNECT tunnel failed, response 407")
        error.proxyStatus = 407
        let refused = try explain(error, connection).detail
        #expect(refused.contains("the proxy http://p:3128 (HTTPS_PROXY) refuses the credentials"), "\(refused)")
        error.proxyStatus = 503
        let tunnel = try explain(error, connection).detail
        #expect(tunnel.contains("answered 503 when asked for a tunnel to broker:9443"), "\(tunnel)")
        let other = try explain(TransportError(.timeout, "Connection timed out"), connection).detail
        #expect(other == "Connection timed out; asked through the proxy http://p:3128 (HTTPS_PROXY)")
        #expect(![refused, tunnel, other].contains { $0.contains("w0rd") })
    }

    @Test(arguments: [
        ("<center>No required SSL certificate was sent</center>", "it wants a client certificate"),
        ("<center>The SSL certificate error</center>", "it refuses our certificate"),
        (
            "<center>The plain HTTP request was sent to HTTPS port</center>",
            "set BROKER_URL to https://broker:9443/pact"
        ),
        ("Client sent an HTTP request to an HTTPS server.\n", "speaks TLS only"),
    ])
    func `a web server's 400 about TLS is a TLS failure, any other is the broker's`(body: String, words: String) throws
    {
        let explanation = BrokerExplanation(
            url: try #require(BaseURL("https://broker:9443/pact")),
            connection: .init()
        )
        let answer = explanation.explain(.success(HTTPResponse(status: 400, body: Array(body.utf8))))
        guard case .failure(let error) = answer else {
            Issue.record("taken for the broker's answer")
            return
        }
        #expect(error.kind == .tls && error.detail.contains(words), "\(error)")
        for other in [HTTPResponse(status: 400), HTTPResponse(status: 422, body: Array(body.utf8))] {
            guard case .success = explanation.explain(.success(other)) else {
                Issue.record("taken for a TLS failure: \(other.status)")
                continue
            }
        }
    }
}
