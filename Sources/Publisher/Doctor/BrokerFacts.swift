import Shared
import SharedHTTP

/// All that `publisher --doctor` has seen of the broker; what it means is ``BrokerDiagnosis``'s business.
struct BrokerFacts: Sendable {
    /// The names that the broker, or the proxy before it, was looked up by.
    struct Target: Equatable, Sendable {
        var host: String
        var port: UInt16
        /// It is the proxy's: the broker's own name is looked up by nobody here.
        var proxy: ProxySetting?

        /// `host:port`, in brackets where it must be.
        var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// One address and what came of a connection to it.
    struct Connection: Equatable, Sendable {
        /// `127.0.0.1:9292`.
        var address: String
        /// `nil`: somebody listens.
        var failure: String?
    }

    /// Where this process runs.
    struct Pod: Equatable, Sendable {
        /// Of the pod; empty where it is not known.
        var namespace: String
        /// Somebody listens on 127.0.0.1 at the broker's port, so in this very pod.
        var answersOnLoopback: Bool
    }

    typealias Answer = Result<HTTPResponse, TransportError>

    var url: BaseURL
    /// Nobody has set BROKER_URL.
    var isDefault = false
    /// `basic authentication`, for people.
    var credentials: HTTPCredentials = .none
    var caFile = ""
    var target: Target
    /// Why there is no address; `nil`: there is one.
    var lookupFailure: String?
    var connections: [Connection] = []
    /// `nil`: not in Kubernetes.
    var pod: Pod?
    /// In the order of asking; a request that was not made is not here.
    var answers: [BrokerRequest.Kind: Answer] = [:]

    var usesBearer: Bool {
        if case .bearer = credentials { true } else { false }
    }
}

extension BrokerFacts.Target {
    /// Where a connection for `url` leads.
    init(_ url: BaseURL, proxy: ProxySetting?) {
        self.proxy = proxy
        var authority = url.authority
        var standard: UInt16 = url.scheme == "https" ? 443 : 80
        if let proxy {
            let parts = proxy.url.split(separator: "://", maxSplits: 1)
            authority = String(parts.last ?? "")
            // libcurl's own: https://curl.se/libcurl/c/CURLOPT_PROXY.html.
            standard = parts.first == "https" ? 443 : 1080
        }
        var port: Substring?
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            port = authority[end...].split(separator: ":").dropFirst().first
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1)
            host = String(parts.first ?? "")
            port = parts.dropFirst().first
        }
        self.port = port.flatMap { UInt16($0) } ?? standard
    }
}
