/// Leads a request to its endpoint.
enum Router {
    static func respond(_ exchange: Exchange, _ route: Route, store: inout BrokerStore) -> BrokerResponse {
        if exchange.leftOut.contains(where: { $0.covers(route) }) { return exchange.notFound }
        switch route {
        case .index: return IndexEndpoint.respond(exchange, store: store)
        case .heartbeat: return DiagnosticEndpoint.heartbeat(exchange.links)
        case .dependencies: return DiagnosticEndpoint.dependencies(exchange.links, isDatabaseUp: true)
        case .publishContracts: return PublishEndpoint.respond(exchange, store: &store)
        case .pact(let pair, let version):
            return PactEndpoint.respond(exchange, pair, version: version, store: &store)
        case .latestPact(let pair, let selector):
            let latest = store.latest(pair, selector)
            return PactEndpoint.get(exchange, pair, latest, store: store, isLatest: true)
        case .pactContent(let pair, let sha):
            let publication = store.pairs[pair]?.publications.last { $0.sha == sha }
            return PactEndpoint.get(exchange, pair, publication, store: store, isLatest: false)
        case .tag(let name, let number, let tag):
            return LabelEndpoint.tag(exchange, name, number: number, tag: tag, store: &store)
        case .branchVersion(let name, let branch, let number):
            return LabelEndpoint.branchVersion(exchange, name, branch: branch, number: number, store: &store)
        case .version(let name, let number):
            return VersionEndpoint.version(exchange, name, number: number, store: &store)
        case .pacticipant(let name): return PacticipantEndpoint.one(exchange, name, store: &store)
        default: break
        }
        // Everything left only reads, or offers nothing but hal+json.
        if exchange.accept.best(of: ["application/hal+json"]) == nil { return .empty(406) }
        switch route {
        case .latestPacts: return PactListEndpoint.latest(exchange, store: store)
        case .pactVersions(let pair): return PactListEndpoint.versions(exchange, pair, store: store)
        case .providerPacts(let name):
            return PactListEndpoint.provider(exchange, name, isLatest: false, store: store)
        case .latestProviderPacts(let name):
            return PactListEndpoint.provider(exchange, name, isLatest: true, store: store)
        case .pacticipants: return PacticipantEndpoint.list(exchange, store: &store)
        case .latestVersion(let name, let tag):
            return VersionEndpoint.latest(exchange, name, tag: tag, store: store)
        case .branch(let name, let branch): return LabelEndpoint.branch(exchange, name, branch: branch, store: store)
        default: return exchange.notFound
        }
    }
}
