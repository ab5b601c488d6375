/// Turns a decision about faults into what the server does.
enum FaultEffects {
    /// - Parameter real: The answer, if the request was carried out.
    static func reply(
        _ decision: FaultSet.Decision,
        real: BrokerResponse?,
        reference: String,
        request: BrokerRequest,
        route: Route?
    ) -> BrokerReply {
        let response = real ?? .empty(500)
        switch decision.effect {
        case nil, .latency?: return BrokerReply(response: response)
        case .status(let status, let body, let type, let retryAfter)?:
            return BrokerReply(response: answer(status, body: body, type: type, retryAfter: retryAfter))
        case .hang(nil)?: return BrokerReply(response: response, delivery: .hang)
        case .hang(let duration?)?: return BrokerReply(response: response, delay: duration)
        case .close?: return BrokerReply(response: response, delivery: .close)
        case .closeMidBody?: return BrokerReply(response: response, delivery: .closeMidBody)
        case .hangMidBody?: return BrokerReply(response: response, delivery: .hangMidBody)
        case .drip(let bytes, let every)?:
            return BrokerReply(response: response, delivery: .drip(bytes: bytes, every: every))
        case .poison?: return BrokerReply(response: .internalError(reference: reference))
        case .databaseDown?:
            if route == .dependencies, let links = Links(request) {
                return BrokerReply(response: DiagnosticEndpoint.dependencies(links, isDatabaseUp: false))
            }
            // A read fails with a reference, a write deeper down, with an empty body [A3].
            return BrokerReply(response: request.method == "GET" ? .internalError(reference: reference) : .empty(500))
        }
    }

    private static func answer(_ status: Int, body: [UInt8]?, type: String, retryAfter: Int?) -> BrokerResponse {
        var headers: [(name: String, value: String)] = []
        if let retryAfter { headers.append(("retry-after", String(retryAfter))) }
        if status == 401 {
            return .bare(401, headers: headers + [("www-authenticate", "Basic realm=\"Restricted area\"")])
        }
        guard let body else { return .empty(status, headers: headers) }
        return .bytes(status, body, type: type, headers: headers)
    }
}
