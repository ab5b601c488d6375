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
    /// Each costs a look at all its contracts.
    private static var maximumProviders: Int { 32 }

    /// `/startup?provider=P[&provider=Q][&consumer=C][&fallback=90s]`.
    ///
    /// Refuses what it does not know: a mistyped `fallback` would hold a pod back for ever.
    static func startup(_ target: RequestTarget) throws(RouteFailure) -> Route {
        try refuseUnknown(target, known: ["provider", "consumer", "fallback"])
        for name in ["consumer", "fallback"] where target.query.count(where: { $0.name == name }) > 1 {
            throw RouteFailure(answer: .badRequest("\(name) is given more than once"))
        }
        var providers: [String] = []
        for parameter in target.query where parameter.name == "provider" && !providers.contains(parameter.value) {
            providers.append(parameter.value)
        }
        guard providers.count <= maximumProviders else {
            throw RouteFailure(answer: .badRequest("more than \(maximumProviders) providers; ask twice"))
        }
        // An empty one is a variable that is not set: whoever it stands for would not be waited for.
        guard !providers.isEmpty, !providers.contains("") else {
            throw RouteFailure(
                answer: .badRequest(
                    "which provider's contract? /startup?provider=P, more than once for several; none may be empty"
                )
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
