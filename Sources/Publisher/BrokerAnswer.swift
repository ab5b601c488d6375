import Shared
import SharedHTTP

/// Translates answers of the broker: a pure function of the request's kind and the answer (recorded in
/// Tests/Fixtures/broker). Bodies may be empty, plain text or HTML of a proxy; nothing here relies on JSON being there.
enum BrokerAnswer {
    /// - Parameters:
    ///   - usesBearer: We sent a token: a basic-auth broker answers that with an empty 400.
    ///   - proxy: What was asked to ask the broker.
    static func outcome(
        of kind: BrokerRequest.Kind,
        _ result: Result<HTTPResponse, TransportError>,
        usesBearer: Bool = false,
        proxy: ProxySetting? = nil
    ) -> BrokerOutcome {
        switch result {
        case .failure(let error):
            switch error.proxyStatus {
            case 407: .unauthorized(error.description)
            case let status?: .transient(.init(cause: .http(status), text: error.description, retryAfter: nil))
            case nil: .transient(.init(cause: .transport(error.kind), text: error.description, retryAfter: nil))
            }
        case .success(let response): outcome(of: kind, response, usesBearer: usesBearer, proxy: proxy)
        }
    }

    private static func outcome(
        of kind: BrokerRequest.Kind,
        _ response: HTTPResponse,
        usesBearer: Bool,
        proxy: ProxySetting?
    ) -> BrokerOutcome {
        let text = BrokerText(response)
        switch response.status {
        case 200..<300: return success(kind, response)
        case 300..<400:
            return .notABroker(
                "answered \(response.status) with a redirection"
                    + (response.headers["location"].map { " to \(StateLimits.cut(address($0), to: 200))" } ?? "")
                    + ", which is never followed; set BROKER_URL to the address it leads to"
            )
        case 401:
            let names = usesBearer ? "BROKER_TOKEN" : "BROKER_USERNAME and BROKER_PASSWORD, or BROKER_TOKEN"
            return .unauthorized(
                "the broker answered 401: the credentials are missing, wrong or read-only; set \(names)"
            )
        case 403: return .forbidden(text.sentence(or: "the broker answered 403: these credentials may not do this"))
        case 407: return .unauthorized(BrokerExplanation.proxyWantsCredentials(proxy))
        case 408, 429, 502, 503, 504: return .transient(transient(response, text, proxy))
        case 400 where response.body.isEmpty && (usesBearer || kind != .publish):
            return .unauthorized(
                "the broker answered 400 without a word, which is what a broker with basic authentication says to a "
                    + "bearer token; check BROKER_TOKEN"
            )
        case 404: return notFound(kind, text)
        case 409: return conflict(kind, text)
        case 500...: return serverError(kind, response, text)
        default: return refused(response, text)
        }
    }

    /// Scheme, host and path of a redirection's target: single sign-on puts tokens into the rest. Behind a blank, which no
    /// URL has, may stand anything.
    private static func address(_ location: String) -> String {
        var text = location.prefix { $0 != "?" && $0 != "#" && !$0.isWhitespace }
        guard let scheme = text.firstRange(of: "//") else { return String(text) }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        if let at = authority.lastIndex(of: "@") { text.removeSubrange(scheme.upperBound...at) }
        return String(text)
    }

    private static func success(_ kind: BrokerRequest.Kind, _ response: HTTPResponse) -> BrokerOutcome {
        switch kind {
        case .heartbeat: return .alive
        case .dependencies: return .databaseUp
        case .createPacticipant, .label: return .created
        case .index: return index(response)
        case .publish: return .published(BrokerText(response).notices)
        case .latestPacts:
            guard let pacts = LatestPacts.parse(response.body) else {
                return .notABroker("/pacts/latest answered 200 with something that is no list of pacts")
            }
            return .latest(pacts)
        case .latestPact, .pactVersion: return .pact(PactVersion(response))
        }
    }

    private static func index(_ response: HTTPResponse) -> BrokerOutcome {
        let links = (try? JSONReader.parse(response.body))?["_links"]?.object
        if let links { return .index(PublishingWay(links: links)) }
        // A body that could not be read, from a server that says it is a Pact Broker.
        if response.headers["x-pact-broker-version"] != nil { return .index(.batches) }
        return .notABroker("the server at BROKER_URL answers, but not as a Pact Broker: its index has no links")
    }

    private static func transient(
        _ response: HTTPResponse,
        _ text: BrokerText,
        _ proxy: ProxySetting?
    ) -> BrokerOutcome.Transient {
        let seconds = response.headers["retry-after"].flatMap { Int($0) }
        var sentence = text.sentence(or: "the broker, or a server in front of it, answered \(response.status)")
        if let proxy, isGateways(response) {
            sentence =
                "the proxy \(proxy), or a server behind it, answered \(response.status): it cannot reach the "
                + "broker; put the broker's host into NO_PROXY if it needs no proxy"
        }
        return .init(
            cause: .http(response.status),
            text: sentence,
            retryAfter: seconds.map { .seconds(min(max(0, $0), 3600)) }
        )
    }

    /// A gateway's failure without the broker's own header: perhaps not even the broker's side has seen the request.
    static func isGateways(_ response: HTTPResponse) -> Bool {
        (502...504).contains(response.status) && response.headers["x-pact-broker-version"] == nil
    }

    private static func notFound(_ kind: BrokerRequest.Kind, _ text: BrokerText) -> BrokerOutcome {
        switch kind {
        case .latestPact, .pactVersion: .absent
        // Brokers before the diagnostic resource, and BROKER_HEALTH_PATH without it.
        case .dependencies: .databaseUp
        case .heartbeat:
            .notABroker(
                "the heartbeat path is not there (404); check BROKER_URL with its base path and BROKER_HEALTH_PATH"
            )
        case .index: .notABroker("BROKER_URL answered 404; check the address and its base path")
        case .latestPacts: .noSuchEndpoint("/pacts/latest is not there (404); check BROKER_URL and its base path")
        case .publish:
            .noSuchEndpoint(
                "the path that takes contracts is not there (404): wrong base path in BROKER_URL, a proxy that unescapes "
                    + "slashes in names, or a Pact Broker older than 2.86 whose index was not readable; correct the "
                    + "address or the proxy, or update the broker"
            )
        case .createPacticipant: .noSuchEndpoint("/pacticipants is not there (404); check BROKER_URL and its base path")
        case .label: .noSuchEndpoint("the broker knows no such label of a version (404)")
        }
    }

    private static func conflict(_ kind: BrokerRequest.Kind, _ text: BrokerText) -> BrokerOutcome {
        if kind == .createPacticipant { return .created }
        let sentence = text.sentence(or: "the broker answered 409")
        // Both causes are a 409 of the same type; only the text tells. Its words are the broker's own (not those of a
        // JSON library, which differ between installations).
        if sentence.contains("very similar to") || sentence.contains("first time a pact has been published") {
            return .similarName(sentence, name: BrokerText.quotedName(in: sentence))
        }
        return .contentConflict(sentence, jsonPaths: text.differingPaths)
    }

    private static func serverError(
        _ kind: BrokerRequest.Kind,
        _ response: HTTPResponse,
        _ text: BrokerText
    ) -> BrokerOutcome {
        switch kind {
        case .dependencies:
            return .databaseDown("the broker's database does not answer (dependencies: \(response.status))")
        case .heartbeat, .index, .latestPacts, .latestPact, .pactVersion:
            return .transient(
                .init(
                    cause: .http(response.status),
                    text: text.sentence(or: "the broker, or a server in front of it, answered \(response.status)"),
                    retryAfter: nil
                )
            )
        case .publish, .createPacticipant, .label:
            return .brokerError(text.sentence(or: "the broker answered \(response.status)"), reference: text.reference)
        }
    }

    private static func refused(_ response: HTTPResponse, _ text: BrokerText) -> BrokerOutcome {
        let fallback =
            response.status == 413
            ? "too large for the broker or a proxy in front of it (413)" : "the broker answered \(response.status)"
        return .rejected(status: response.status, text.sentence(or: fallback))
    }
}
