import Shared
import SharedHTTP

/// Turns what the plan wants to ask into HTTP requests; knows no loop and no clock.
///
/// Fixed paths under the configured base URL: the links in answers may lead to an address that only others can reach
/// (Tests/Fixtures/broker, 06 and 07).
struct BrokerClient: Sendable {
    let url: BaseURL
    let healthPath: String
    let connection: HTTPConnectionSettings
    let branch: String
    let tags: [String]
    let buildURL: String

    /// The largest bulk answer; beyond it pairs are read one by one.
    static let bulkLimit = 8 * 1024 * 1024
    /// The largest contract read back.
    static let pactLimit = 16 * 1024 * 1024
    /// The largest contract sent.
    static let contractLimit = 64 * 1024 * 1024

    init(_ settings: Settings) {
        url = settings.brokerURL
        healthPath = settings.brokerHealthPath
        connection = HTTPConnectionSettings(
            caFile: settings.brokerCAFile,
            clientCertificateFile: settings.brokerClientCertificateFile,
            clientKeyFile: settings.brokerClientKeyFile,
            proxy: settings.brokerProxy
        )
        branch = settings.gitBranch
        tags = settings.brokerTags
        buildURL = settings.buildURL
    }

    /// The answer with what failed on the way to the broker put so that it helps.
    func explained(_ answer: Result<HTTPResponse, TransportError>) -> Result<HTTPResponse, TransportError> {
        BrokerExplanation(url: url, connection: connection).explain(answer)
    }

    /// The time a request may take in all. A 5 MB contract takes the broker 4 s (measured), a small machine longer.
    func timeout(of kind: BrokerRequest.Kind) -> Duration {
        switch kind {
        case .heartbeat, .dependencies, .index: .seconds(10)
        case .latestPacts, .latestPact, .pactVersion, .createPacticipant, .label: .seconds(30)
        case .publish: .seconds(120)
        }
    }

    /// - Parameter contents: The bytes of a contract by its SHA-256; `nil` if they are gone.
    /// - Returns: `nil` if the contents of a publication are gone.
    func httpRequest(
        _ request: BrokerRequest,
        credentials: HTTPCredentials,
        contents: (DesiredContent) -> [UInt8]?
    ) -> HTTPRequest? {
        switch request {
        case .heartbeat: return get(request, healthPath, credentials)
        case .dependencies: return get(request, "/diagnostic/status/dependencies", credentials)
        case .index: return get(request, "/", credentials)
        case .latestPacts: return get(request, "/pacts/latest", credentials, limit: BrokerClient.bulkLimit)
        case .latestPact(let key):
            return get(request, path(of: key) + "/latest", credentials, limit: BrokerClient.pactLimit)
        case .pactVersion(let key, let version):
            let path = path(of: key) + "/version/" + PercentEncoding.pathSegment(version)
            return get(request, path, credentials, limit: BrokerClient.pactLimit)
        case .createPacticipant(let name):
            let body = JSONWriter.compact(.object(JSONObject([.init(key: "name", value: .string(name))])))
            return send(.post, request, "/pacticipants", body, credentials)
        case .label(let label):
            let (path, body) = self.label(label)
            return send(.put, request, path, body, credentials)
        case .publish(let batch) where batch.isSingle:
            guard let item = batch.items.first, let body = contents(item.content) else { return nil }
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            let path = path(of: key) + "/version/" + PercentEncoding.pathSegment(batch.version)
            return send(.put, request, path, body, credentials)
        case .publish(let batch):
            guard let body = body(of: batch, contents) else { return nil }
            return send(.post, request, "/contracts/publish", body, credentials)
        }
    }

    private func path(of key: PairKey) -> String {
        "/pacts/provider/\(PercentEncoding.pathSegment(key.provider))"
            + "/consumer/\(PercentEncoding.pathSegment(key.consumer))"
    }

    private func get(
        _ request: BrokerRequest,
        _ path: String,
        _ credentials: HTTPCredentials,
        limit: Int = 1024 * 1024
    ) -> HTTPRequest {
        HTTPRequest(
            .get,
            url.url(path),
            // `application/json` alone is a 406 in places (measured).
            headers: [("Accept", "application/hal+json, application/json;q=0.9, */*;q=0.1")],
            credentials: credentials,
            connection: connection,
            timeout: timeout(of: request.kind),
            responseLimit: limit
        )
    }

    /// Path and body of a label. All need a JSON content type and take an empty body but for the build URL.
    private func label(_ label: VersionLabel) -> (path: String, body: [UInt8]) {
        let pacticipant = "/pacticipants/\(PercentEncoding.pathSegment(label.consumer))"
        let version = PercentEncoding.pathSegment(label.version)
        switch label.kind {
        case .branch(let name):
            return ("\(pacticipant)/branches/\(PercentEncoding.pathSegment(name))/versions/\(version)", [])
        case .tag(let name):
            return ("\(pacticipant)/versions/\(version)/tags/\(PercentEncoding.pathSegment(name))", [])
        case .buildURL(let url):
            let member = JSONObject.Member(key: "buildUrl", value: .string(url))
            return ("\(pacticipant)/versions/\(version)", JSONWriter.compact(.object(JSONObject([member]))))
        }
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ request: BrokerRequest,
        _ path: String,
        _ body: [UInt8],
        _ credentials: HTTPCredentials
    ) -> HTTPRequest {
        HTTPRequest(
            method,
            url.url(path),
            headers: [("Accept", "application/hal+json"), ("Content-Type", "application/json")],
            body: body,
            credentials: credentials,
            connection: connection,
            timeout: timeout(of: request.kind),
            // A PUT is answered with the whole contract; what it says beyond its status fits into this.
            responseLimit: 1024 * 1024,
            cutsResponse: true
        )
    }

    /// The body of `POST /contracts/publish`. Never with `onConflict`: `merge` corrupts and `overwrite` changes nothing
    /// (measured). Written piece by piece, because a tree of a 5 MB contract in Base64 would be a second copy.
    private func body(of batch: PublicationBatch, _ contents: (DesiredContent) -> [UInt8]?) -> [UInt8]? {
        var members: [JSONObject.Member] = [
            .init(key: "pacticipantName", value: .string(batch.consumer)),
            .init(key: "pacticipantVersionNumber", value: .string(batch.version)),
        ]
        if !branch.isEmpty { members.append(.init(key: "branch", value: .string(branch))) }
        if !tags.isEmpty { members.append(.init(key: "tags", value: .array(tags.map { .string($0) }))) }
        if !buildURL.isEmpty { members.append(.init(key: "buildUrl", value: .string(buildURL))) }
        var body = JSONWriter.compact(.object(JSONObject(members)))
        body.removeLast()
        body += Array(",\"contracts\":[".utf8)
        for (index, item) in batch.items.enumerated() {
            guard let bytes = contents(item.content) else { return nil }
            if index > 0 { body.append(UInt8(ascii: ",")) }
            var contract = JSONWriter.compact(
                .object(
                    JSONObject([
                        .init(key: "consumerName", value: .string(batch.consumer)),
                        .init(key: "providerName", value: .string(item.provider)),
                        .init(key: "specification", value: .string("pact")),
                        .init(key: "contentType", value: .string("application/json")),
                    ])
                )
            )
            contract.removeLast()
            body += contract
            body += Array(",\"content\":\"".utf8)
            body += Base64.encode(bytes)
            body += Array("\"}".utf8)
        }
        body += Array("]}".utf8)
        return body
    }
}
