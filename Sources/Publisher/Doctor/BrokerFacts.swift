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

    /// - Returns: `nil` for a request that was not made.
    func outcome(_ kind: BrokerRequest.Kind) -> BrokerOutcome? {
        answers[kind].map { BrokerAnswer.outcome(of: kind, $0, usesBearer: usesBearer, proxy: target.proxy) }
    }

    /// The index is that of a Pact Broker that takes contracts: nobody else is sent a publication, not even an empty one.
    var isBroker: Bool {
        if case .index(let way)? = outcome(.index) { way != .none } else { false }
    }

    /// What was answered to a request is a sentence of our own, with no word of a server or a library in it.
    func isAnsweredInOurWords(_ kind: BrokerRequest.Kind) -> Bool {
        switch (outcome(kind), answers[kind]) {
        case (.unauthorized?, _), (.notABroker?, _), (.noSuchEndpoint?, _): true
        case (.transient?, .failure(let error)?): error.proxyStatus != nil
        case (.transient?, .success(let response)?): target.proxy != nil && BrokerAnswer.isGateways(response)
        default: false
        }
    }
}

extension BrokerFacts.Target {
    /// Where a connection for `url` leads.
    init(_ url: BaseURL, proxy: ProxySetting?) {
        self.init(host: proxy?.host ?? url.host, port: proxy?.port ?? url.port, proxy: proxy)
    }
}
