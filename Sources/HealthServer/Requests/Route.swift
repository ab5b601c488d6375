/// What a request asks for.
enum Route: Equatable, Sendable {
    case health
    case liveness
    case readiness
    case ready
    case providers
    case status
    /// As `status`, whatever the client accepts.
    case statusJSON
    case index
    case events
    case metrics
    /// - `wait`: `nil` if the client does not want the answer held.
    case provider(ProviderQuery, wait: Duration?)
    case startup(StartupQuery)
    /// `/liveness` or `/readiness` check by check, as text.
    case livenessChecks(CheckQuery)
    case readinessChecks(CheckQuery)

    /// Finds the route of a target.
    ///
    /// - Throws: The answer to give instead: 400 or 404.
    init(target text: String) throws(RouteFailure) {
        // Probes come again and again with these very texts; whatever query they have, none is refused for it.
        switch Substring(text.utf8.prefix { $0 != 0x3F }) {
        case "/liveness", "/livez": self = Self.probe(text, .liveness)
        case "/readiness", "/readyz": self = Self.probe(text, .readiness)
        case "/ready": self = .ready
        case "/health", "/healthz": self = .health
        case "/metrics": self = .metrics
        default: self = try Self.parsed(text)
        }
    }

    /// `probe`, or its checks if the query asks for them.
    private static func probe(_ text: String, _ probe: Route) -> Route {
        guard let question = text.utf8.firstIndex(of: 0x3F),
            let query = CheckQuery(query: text[text.utf8.index(after: question)...])
        else { return probe }
        return probe == .liveness ? .livenessChecks(query) : .readinessChecks(query)
    }

    private static func parsed(_ text: String) throws(RouteFailure) -> Route {
        let target: RequestTarget
        do {
            target = try RequestTarget(text)
        } catch {
            switch error {
            case .encoding(let part):
                let detail = "'\(part.prefix(200))' is not percent-encoded UTF-8; write % as %25"
                throw RouteFailure(answer: .badRequest(detail))
            case .form:
                throw RouteFailure(answer: .badRequest("the request target must be a path that starts with /"))
            }
        }
        switch target.path {
        case ["liveness"], ["livez"]: return probe(text, .liveness)
        case ["readiness"], ["readyz"]: return probe(text, .readiness)
        case ["ready"]: return .ready
        case ["health"], ["healthz"]: return .health
        case ["metrics"]: return .metrics
        case ["providers"]:
            try refuseUnknown(target, known: [])
            return .providers
        case ["status"]:
            try refuseUnknown(target, known: [])
            return .status
        case ["status.json"]:
            try refuseUnknown(target, known: [])
            return .statusJSON
        case [""]:
            try refuseUnknown(target, known: [])
            return .index
        case ["events"]:
            try refuseUnknown(target, known: [])
            return .events
        case ["startup"]: return try startup(target)
        default: break
        }
        guard target.path.count == 3, target.path[0] == "providers", target.path[2] == "ready",
            !target.path[1].isEmpty
        else { throw RouteFailure(answer: .unknownPath()) }
        return try provider(target.path[1], target)
    }

    /// A mistyped `wait` must not be answered at once as if nobody wanted to wait. The probes above take any query: none
    /// is ever refused.
    static func refuseUnknown(_ target: RequestTarget, known: [String]) throws(RouteFailure) {
        guard let unknown = target.query.first(where: { !known.contains($0.name) }) else { return }
        let allowed = known.isEmpty ? "there is none here" : "there are \(known.joined(separator: ", "))"
        let detail = "no query parameter '\(unknown.name.prefix(100))' is known; \(allowed)"
        throw RouteFailure(answer: .badRequest(detail))
    }

    private static func provider(_ name: String, _ target: RequestTarget) throws(RouteFailure) -> Route {
        try refuseUnknown(target, known: ["wait", "consumer", "revision"])
        var query = ProviderQuery(provider: name)
        if let consumer = target["consumer"], !consumer.isEmpty { query.consumer = consumer }
        if let revision = target["revision"], !revision.isEmpty {
            let digits = revision.lowercased()
            guard (7...64).contains(digits.utf8.count), digits.utf8.allSatisfy(isHexDigit) else {
                throw RouteFailure(
                    answer: .badRequest(
                        "revision='\(revision.prefix(100))' is not a SHA-256: 7 to 64 hex digits of the content's hash"
                    )
                )
            }
            query.revision = digits
        }
        guard let wait = target["wait"] else { return .provider(query, wait: nil) }
        guard let duration = WaitParameter.duration(wait) else {
            throw RouteFailure(
                answer: .badRequest(
                    "wait='\(wait.prefix(100))' is no time to wait: 30s, 1500ms, 2m or plain seconds, 0 to 300 s"
                )
            )
        }
        return .provider(query, wait: duration)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

/// A target without a route, and what to answer.
struct RouteFailure: Error, Equatable {
    var answer: Answer
}
