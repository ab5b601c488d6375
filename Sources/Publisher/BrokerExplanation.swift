import Shared
import SharedHTTP

/// Says what an operator can do about an exchange that failed on the way to the broker: TLS, names, proxies. Pure.
///
/// libcurl's and OpenSSL's sentences name neither the host nor a setting; they stay in brackets behind ours. What is
/// matched was measured with libcurl 7.88 and OpenSSL 3.0 against nginx 1.22 and `openssl s_server`; a sentence that
/// another version words differently still gets the host before it.
struct BrokerExplanation: Sendable {
    let url: BaseURL
    let connection: HTTPConnectionSettings

    func explain(_ answer: Result<HTTPResponse, TransportError>) -> Result<HTTPResponse, TransportError> {
        switch answer {
        case .failure(let error): .failure(explain(error))
        case .success(let response): complaint(response).map { .failure(refusal($0)) } ?? answer
        }
    }

    private func explain(_ error: TransportError) -> TransportError {
        var result = error
        if let proxy = connection.proxy, let status = error.proxyStatus {
            result.detail = refusedTunnel(proxy, status)
            return result
        }
        switch error.kind {
        case .tls:
            let advice = advice(error.detail)
            result.detail = "TLS with \(url.authority) failed: \(advice) (\(error.detail))"
            result.advice = advice
        case .dns: result.detail = name(error.detail)
        case .refused, .timeout, .disconnected, .tooLarge, .cancelled, .other: break
        }
        if let proxy = connection.proxy, error.kind != .tls { result.detail += "; asked through the proxy \(proxy)" }
        return result
    }

    // MARK: Proxies and names

    private func refusedTunnel(_ proxy: ProxySetting, _ status: Int) -> String {
        if status == 407 {
            return BrokerExplanation.proxyWantsCredentials(proxy)
        }
        return
            "the proxy \(proxy) answered \(status) when asked for a tunnel to \(url.authority): it cannot or may not "
            + "reach the broker; put the broker's host into NO_PROXY if it needs no proxy"
    }

    static func proxyWantsCredentials(_ proxy: ProxySetting?) -> String {
        guard let proxy else { return "a proxy in front of the broker wants credentials (407)" }
        let fault = proxy.credentials == nil ? "wants credentials" : "refuses the credentials that it was given"
        return "the proxy \(proxy) \(fault) (407); they belong into \(proxy.variable) as http://user:password@host:port"
    }

    private func name(_ detail: String) -> String {
        guard detail.hasPrefix("Resolving timed out") else { return detail }
        let host = connection.proxy?.url ?? url.authority
        return "the name server does not answer when asked for \(host) (\(detail))"
    }

    // MARK: TLS

    private func advice(_ detail: String) -> String {
        let text = detail.lowercased()
        func says(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
        if says("error setting certificate") { return "BROKER_CA_FILE=\(connection.caFile) cannot be used" }
        if says("private key", "client cert") { return ownCertificateIsUnusable }
        if says("wrong version number", "unknown protocol", "packet length too long", "http request") {
            return "no TLS is spoken there; is BROKER_URL http:// instead of https://?"
        }
        if says(" alert ") { return refusal(says) }
        if says("subject name", "does not match", "hostname mismatch", "ip address mismatch") {
            return "its certificate is for another name; set BROKER_URL to a name that the certificate carries"
        }
        if says("has expired") {
            return
                "its certificate, or one that it is signed with, has expired; renew it, or correct this machine's clock"
        }
        if says("not yet valid") { return "its certificate is not valid yet; check this machine's clock" }
        if says("self-signed", "self signed", "issuer certificate", "unable to verify") {
            return connection.caFile.isEmpty
                ? "its certificate is of no authority that this system trusts; set BROKER_CA_FILE to the PEM file of "
                    + "the authority that signed it"
                : "its certificate is of none of the authorities in BROKER_CA_FILE=\(connection.caFile); put the one "
                    + "that signed it there"
        }
        // What libcurl makes of the alert "certificate expired" in TLS 1.2.
        if says("certificate verification failed"), !connection.clientCertificateFile.isEmpty {
            return ownCertificateIsRefused
        }
        return "check BROKER_URL and BROKER_CA_FILE"
    }

    /// The server ended it with an alert.
    private func refusal(_ says: (String...) -> Bool) -> String {
        if says("protocol version") { return "it speaks no version of TLS that we speak" }
        if says("unrecognized name", "unrecognised name") { return "it knows no such host; check BROKER_URL" }
        let asksForCertificate = says("certificate required", "handshake failure", "bad certificate")
        if connection.clientCertificateFile.isEmpty {
            return asksForCertificate ? BrokerExplanation.wantsCertificate : "it refused the connection"
        }
        return ownCertificateIsRefused
    }

    private var ownCertificateIsUnusable: String {
        "BROKER_CLIENT_CERT_FILE=\(connection.clientCertificateFile) and BROKER_CLIENT_KEY_FILE="
            + "\(connection.clientKeyFile) cannot be used; the key must belong to the certificate, both in PEM form"
    }

    private var ownCertificateIsRefused: String {
        "it refuses our certificate, BROKER_CLIENT_CERT_FILE=\(connection.clientCertificateFile): expired, or of an "
            + "authority that it does not accept"
    }

    private static let wantsCertificate =
        "it wants a client certificate; set BROKER_CLIENT_CERT_FILE and BROKER_CLIENT_KEY_FILE"

    private func refusal(_ complaint: String) -> TransportError {
        var error = TransportError(.tls, complaint)
        error.advice = complaint
        return error
    }

    /// What a web server in front of the broker says about TLS in an ordinary answer.
    private func complaint(_ response: HTTPResponse) -> String? {
        guard response.status == 400 else { return nil }
        let text = String(decoding: response.body.prefix(2048), as: UTF8.self)
        func says(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
        // nginx.
        if says("No required SSL certificate was sent") {
            return "TLS with \(url.authority) failed: \(BrokerExplanation.wantsCertificate)"
        }
        if says("The SSL certificate error") { return "TLS with \(url.authority) failed: \(ownCertificateIsRefused)" }
        // nginx, Go, Apache.
        if says("plain HTTP request was sent to HTTPS", "HTTP request to an HTTPS server", "plain HTTP to an SSL") {
            return "\(url.authority) speaks TLS only; set BROKER_URL to https://\(url.authority)\(url.basePath)"
        }
        return nil
    }
}
