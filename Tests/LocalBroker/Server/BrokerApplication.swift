import Shared

/// The broker without its sockets: takes complete requests one after the other, answers from memory.
///
/// Not safe for concurrent use: the server calls it on its only event loop.
final class BrokerApplication {
    private(set) var store: BrokerStore
    private(set) var faults = FaultSet()
    private(set) var log = RequestLog()
    private let options: BrokerOptions
    private let persistence: StoreDirectory?
    private let now: () -> WallClock
    private var references = SystemRandomNumberGenerator()
    /// The answer to `GET /pacts/latest`, which clients read again and again, until something changes.
    private var latestPacts: [String: BrokerResponse] = [:]

    /// - Parameter now: The clock; tests bring their own.
    /// - Throws: If the directory holds something that is no store of ours.
    init(_ options: BrokerOptions, persistence: StoreDirectory? = nil, now: @escaping () -> WallClock) throws {
        self.options = options
        self.persistence = persistence
        self.now = now
        store = try persistence?.load() ?? BrokerStore()
    }

    /// Answers one request and notes it in the log.
    func handle(_ request: BrokerRequest) -> BrokerReply {
        let target: RequestTarget
        switch RequestTarget.parse(request.target) {
        case .failure(let error):
            return logged(request, BrokerReply(response: error.refusal.response(reference: reference())))
        case .success(let parsed): target = parsed
        }
        let route = Route(target.segments)
        if let route, route.isControl {
            let credentials = options.credentials
            let refusal = credentials.refusal(method: request.method, authorization: request.header("authorization"))
            return refusal.map { BrokerReply(response: $0) } ?? control(request, route, target)
        }
        let decision = faults.decide(method: request.method, path: request.target) { text in
            Self.contents(of: request, route).contains { $0.content?.contains(Array(text.utf8)) ?? false }
        }
        if decision.effect == nil {
            var reply = BrokerReply(response: respond(request, route, target))
            reply.delay = decision.latency
            return logged(request, reply, route)
        }
        let response = decision.handles ? respond(request, route, target) : nil
        var reply = FaultEffects.reply(decision, real: response, reference: reference(), request: request, route: route)
        reply.delay += decision.latency
        return logged(request, reply, route, fault: decision.effect)
    }

    private func respond(_ request: BrokerRequest, _ route: Route?, _ target: RequestTarget) -> BrokerResponse {
        let authorization = request.header("authorization")
        if let refusal = options.credentials.refusal(method: request.method, authorization: authorization) {
            return refusal
        }
        guard let links = Links(request) else { return RequestTarget.Refusal.emptyComponent.response(reference: "") }
        let exchange = Exchange(
            request: request,
            accept: AcceptHeader(target.acceptFromExtension ?? request.header("accept")),
            links: links,
            now: now(),
            reference: reference(),
            allowsContentChanges: options.allowsContentChanges,
            leftOut: options.leftOut
        )
        guard Self.knownMethods.contains(request.method) else { return .empty(501) }
        guard let route else { return exchange.notFound }
        let allowed = route.methods.joined(separator: ", ")
        guard route.methods.contains(request.method) else { return .empty(405, headers: [("allow", allowed)]) }
        if request.method == "OPTIONS" {
            return .empty(200, headers: [("access-control-allow-methods", allowed)])
        }
        if route == .latestPacts { return cachedLatestPacts(exchange) }
        if request.method == "GET" {
            var unchanged = store
            return Router.respond(exchange, route, store: &unchanged)
        }
        return change { store in Router.respond(exchange, route, store: &store) }
    }

    private static let knownMethods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]

    /// Runs a request that may change the store, and keeps the change only once it is on disk.
    private func change(_ body: (inout BrokerStore) -> BrokerResponse) -> BrokerResponse {
        var draft = store
        let response = body(&draft)
        guard response.status < 300 else { return response }
        do {
            try persistence?.save(draft, replacing: store)
        } catch {
            Diagnostics.report("the directory cannot be written, nothing was stored: \(error)")
            return .internalError(reference: reference())
        }
        store = draft
        latestPacts = [:]
        return response
    }

    private func cachedLatestPacts(_ exchange: Exchange) -> BrokerResponse {
        if exchange.accept.best(of: ["application/hal+json"]) == nil { return .empty(406) }
        if let cached = latestPacts[exchange.links.base] { return cached }
        let response = PactListEndpoint.latest(exchange, store: store)
        // One entry per name that clients call the broker by; more is somebody's test of `Host`.
        if latestPacts.count < 16 { latestPacts[exchange.links.base] = response }
        return response
    }

    // MARK: control

    private func control(_ request: BrokerRequest, _ route: Route, _ target: RequestTarget) -> BrokerReply {
        guard route.methods.contains(request.method) else {
            return BrokerReply(response: .empty(405, headers: [("allow", route.methods.joined(separator: ", "))]))
        }
        switch (route, request.method) {
        case (.requests, "GET"):
            let since = target.query["since"].flatMap { Int($0) } ?? 0
            return BrokerReply(response: .json(200, log.json(since: since), type: BrokerResponse.json))
        case (.requests, _):
            log.removeAll()
            return BrokerReply(response: .json(200, [], type: BrokerResponse.json))
        case (.stored, _):
            return BrokerReply(response: .json(200, store.summary, type: BrokerResponse.json))
        case (_, "DELETE"): faults = FaultSet()
        case (_, "PUT"): return setFaults(request.body)
        default: break
        }
        return BrokerReply(response: .json(200, ["rules": faults.description], type: BrokerResponse.json))
    }

    private func setFaults(_ body: [UInt8]) -> BrokerReply {
        let command: FaultCommand
        do throws(FaultCommand.ParseError) {
            command = try FaultCommand(body)
        } catch {
            let text = "\(error)\n\n\(FaultCommand.help)\n"
            return BrokerReply(response: .bytes(400, Array(text.utf8), type: "text/plain;charset=utf-8"))
        }
        faults = FaultSet(command.rules)
        if command.wipes {
            let response = change { store in
                store = BrokerStore()
                return .empty(200)
            }
            if response.status != 200 { return BrokerReply(response: response) }
        }
        var reply = BrokerReply(response: .json(200, ["rules": faults.description], type: BrokerResponse.json))
        reply.refuses = command.refuse
        return reply
    }

    // MARK: log

    private func logged(
        _ request: BrokerRequest,
        _ reply: BrokerReply,
        _ route: Route? = nil,
        fault: FaultRule.Effect? = nil
    ) -> BrokerReply {
        let isSilent = reply.delivery == .hang || reply.delivery == .close
        var entry = RequestLog.Entry(
            method: request.method,
            path: request.target,
            status: isSilent ? 0 : reply.response.status,
            bytes: request.body.count,
            at: now(),
            bodySHA256: ContentHash.sha256Hex(request.body)
        )
        entry.fault = fault.map { String("\($0)".prefix { $0 != "(" }) }
        entry.contracts = Self.contents(of: request, route)
        log.append(entry)
        if !options.isQuiet {
            let received = entry.bytes > 0 ? ", \(counted(entry.bytes, "byte")) received" : ""
            let sent = isSilent ? "no answer" : "\(entry.status), \(counted(reply.response.body.count, "byte")) sent"
            let text = "\(entry.method) \(entry.path): \(sent)\(received)"
            Diagnostics.report(text + (entry.fault.map { " fault=\($0)" } ?? ""))
        }
        return reply
    }

    /// The contracts that a request wants to publish, whatever is wrong with the rest of it.
    private static func contents(of request: BrokerRequest, _ route: Route?) -> [RequestLog.Contract] {
        switch (route, request.method) {
        case (.pact(let pair, let version)?, "PUT"), (.pact(let pair, let version)?, "PATCH"):
            return [RequestLog.Contract(pair: pair, version: version, content: request.body)]
        case (.publishContracts?, "POST"):
            guard let body = try? JSONReader.parse(request.body) else { return [] }
            return (body["contracts"]?.array ?? [])
                .compactMap { contract in
                    guard let text = contract["content"]?.string, let content = Base64.decode(text.utf8) else {
                        return nil
                    }
                    let pair = PairKey(
                        consumer: contract["consumerName"]?.string ?? "",
                        provider: contract["providerName"]?.string ?? ""
                    )
                    let version = body["pacticipantVersionNumber"]?.string ?? ""
                    return RequestLog.Contract(pair: pair, version: version, content: content)
                }
        default: return []
        }
    }

    private func reference() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        return String((0..<10).compactMap { _ in letters.randomElement(using: &references) })
    }
}
