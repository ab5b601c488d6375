/// What is asked of `/startup`.
struct StartupQuery: Equatable, Sendable {
    /// Percent-decoded, as they were asked for; at least one.
    var providers: [String]
    /// Only the contracts of this consumer.
    var consumer: String?
    /// After this time since the manager's start the answer is 200 whatever holds; `nil`: never.
    var fallback: Duration?
}

extension Route {
    /// `/startup?provider=P[&provider=Q][&consumer=C][&fallback=90s]`.
    ///
    /// Refuses what it does not know: a mistyped `fallback` would hold a pod back for ever.
    static func startup(_ target: RequestTarget) throws(RouteFailure) -> Route {
        try refuseUnknown(target, known: ["provider", "consumer", "fallback"])
        let providers = target.query.filter { $0.name == "provider" && !$0.value.isEmpty }.map(\.value)
        guard !providers.isEmpty else {
            throw RouteFailure(
                answer: .badRequest("which provider's contract? /startup?provider=P, more than once for several")
            )
        }
        var query = StartupQuery(providers: providers)
        if let consumer = target["consumer"], !consumer.isEmpty { query.consumer = consumer }
        guard let text = target["fallback"] else { return .startup(query) }
        guard let fallback = FallbackParameter.duration(text) else {
            throw RouteFailure(
                answer: .badRequest(
                    "fallback='\(text.prefix(100))' is no time to wait: 90s, 1500ms, 2m or plain seconds, 0 to 86400 s"
                )
            )
        }
        query.fallback = fallback
        return .startup(query)
    }
}
