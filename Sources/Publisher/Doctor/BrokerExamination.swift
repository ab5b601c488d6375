import Shared
import SharedHTTP

/// Gathers ``BrokerFacts``: asks, each time with a deadline, and changes nothing.
struct BrokerExamination {
    let settings: Settings
    let environment: ProcessEnvironment

    private static let lookupLimit = Duration.seconds(5)
    private static let connectLimit = Duration.seconds(3)
    private static let answerLimit = Duration.seconds(5)

    func facts() throws(TransportError) -> BrokerFacts {
        var facts = BrokerFacts(
            url: settings.brokerURL,
            isDefault: environment["BROKER_URL"]?.isEmpty ?? true,
            credentials: BrokerCredentials(settings).current,
            caFile: settings.brokerCAFile,
            target: .init(settings.brokerURL, proxy: settings.brokerProxy)
        )
        do throws(NameLookup.Failure) {
            let target = facts.target
            let addresses = try NameLookup.addresses(of: target.host, port: target.port, within: Self.lookupLimit)
            let failures = ConnectionTrial.failures(addresses, within: Self.connectLimit)
            facts.connections = zip(addresses, failures).map { .init(address: $0.text, failure: $1) }
        } catch {
            facts.lookupFailure = error.text
        }
        let isReached = facts.connections.contains { $0.failure == nil }
        facts.pod = pod(facts, isReached: isReached)
        guard isReached else { return facts }
        try ask(&facts)
        return facts
    }

    /// A container in Kubernetes is told of the API's Service, whatever else.
    private func pod(_ facts: BrokerFacts, isReached: Bool) -> BrokerFacts.Pod? {
        guard environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false else { return nil }
        var namespace = settings.namespace
        if case .success(let bytes) = Settings.readSmallFile(KubernetesSettings.serviceAccount + "/namespace") {
            namespace = Secret.text(ofFile: bytes)
        }
        var answers = false
        if !isReached,
            let local = try? NameLookup.addresses(of: "127.0.0.1", port: facts.target.port, within: Self.lookupLimit)
        {
            answers = ConnectionTrial.failures(local, within: Self.connectLimit).contains(nil)
        }
        return .init(namespace: namespace, answersOnLoopback: answers)
    }

    /// One after the other, until the way there is broken.
    private func ask(_ facts: inout BrokerFacts) throws(TransportError) {
        let client = BrokerClient(settings)
        let curl = try CurlMulti()
        let requests: [BrokerRequest] = [.heartbeat, .dependencies, .index]
        for request in requests {
            guard let made = client.httpRequest(request, credentials: facts.credentials, contents: { _ in nil }) else {
                continue
            }
            let answer = try perform(made, curl, client, facts.credentials)
            facts.answers[request.kind] = answer
            if case .failure = answer { return }
        }
        guard facts.isBroker else { return }
        let empty = client.emptyPublication(credentials: facts.credentials)
        facts.answers[.publish] = try perform(empty, curl, client, facts.credentials)
    }

    private func perform(
        _ request: HTTPRequest,
        _ curl: CurlMulti,
        _ client: BrokerClient,
        _ credentials: HTTPCredentials
    ) throws(TransportError) -> BrokerFacts.Answer {
        let proxy = settings.brokerProxy?.credentials
        var request = request
        request.connectTimeout = Self.connectLimit
        request.timeout = Self.answerLimit
        request.cutsResponse = true
        _ = try curl.start(request)
        while true {
            if let finished = curl.turn(waitingUpTo: Self.answerLimit).finished.first {
                return client.explained(finished.result.map { Self.redacted($0, credentials, proxy: proxy) })
            }
        }
    }

    /// A proxy's page may repeat what it was sent.
    static func redacted(
        _ response: HTTPResponse,
        _ credentials: HTTPCredentials,
        proxy: BaseURL.Credentials? = nil
    ) -> HTTPResponse {
        guard response.status != 200 else { return response }
        var text = String(decoding: response.body, as: UTF8.self)
        let proxySecrets = proxy.map { secrets(.basic(username: $0.username, password: $0.password)) } ?? []
        let found = (secrets(credentials) + proxySecrets).filter(text.contains)
        if found.isEmpty { return response }
        for secret in found {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "[secret]")
        }
        var response = response
        response.body = Array(text.utf8)
        return response
    }

    /// As they are sent, and the password as it is: a short one is a word that may stand anywhere.
    private static func secrets(_ credentials: HTTPCredentials) -> [String] {
        switch credentials {
        case .none: []
        case .bearer(let token): [token]
        case .basic(let username, let password):
            [Base64.encodeToString(Array("\(username):\(password)".utf8))] + (password.utf8.count > 5 ? [password] : [])
        }
    }
}

extension BrokerClient {
    /// A publication of nothing, which no broker takes: what it is refused for tells whether we may write.
    func emptyPublication(credentials: HTTPCredentials) -> HTTPRequest {
        HTTPRequest(
            .post,
            url.url("/contracts/publish"),
            headers: [("Accept", "application/hal+json"), ("Content-Type", "application/json")],
            body: Array("{}".utf8),
            credentials: credentials,
            connection: connection
        )
    }
}
