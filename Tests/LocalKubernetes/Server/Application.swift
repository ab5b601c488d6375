import NIOCore
import Shared

/// The API server without its sockets. Not safe for concurrent use: everything happens on its event loop.
final class Application {
    var store: ConfigMapStore
    var access: AccessTable
    var faults = FaultSet()
    var log = RequestLog()
    var snapshots: [String: ConfigMapStore] = [:]
    private(set) var watches: [Int: Watch] = [:]
    private var nextWatch = 1
    /// Answers to our own paths that wait for news.
    private var waiting: [() -> Void] = []
    let options: ServerOptions
    private let eventLoop: any EventLoop
    /// The identifiers of flow schema and priority level, for service accounts, the administrator and nobody.
    private let flows = (0..<3).map { _ in (schema: UniqueID.make(), level: UniqueID.make()) }

    /// - Throws: What is wrong with the state file.
    init(_ options: ServerOptions, eventLoop: any EventLoop) throws {
        self.options = options
        self.eventLoop = eventLoop
        access = AccessTable(administratorToken: options.administratorToken)
        access.set(options.accounts)
        let empty = ConfigMapStore(version: options.version, capacity: options.history)
        store = try options.stateFile?.load(capacity: options.history) ?? empty
    }

    /// Answers a request, now or later.
    ///
    /// - Returns: For how long nobody listens from now on.
    func answer(_ request: APIRequest, on connection: Connection) -> Duration? {
        guard let target = RequestTarget(request.target) else {
            connection.respond(.text(400, "400 Bad Request"))
            return nil
        }
        if case .control(let segments) = target.resource {
            return control(request, segments, target.query, on: connection)
        }
        let identity = access.identity(request.header("authorization"))
        var exchange = Exchange(request, target, identity, connection)
        var decision = FaultSet.Decision()
        if let wanted = exchange.wanted { decision = faults.decide(wanted) }
        exchange.entry.fault = decision.effect.map { String(String(describing: $0).prefix(100)) }
        let (ready, effect) = (exchange, decision.effect)
        after(decision.latency) { [self] in carryOut(ready, effect) }
        return nil
    }

    private func carryOut(_ exchange: Exchange, _ effect: FaultRule.Effect?) {
        var watchEffect: FaultRule.WatchEffect?
        switch effect {
        case nil, .latency?: break
        case .status(let code, let body, let type, let retryAfter)?:
            return fail(exchange, code, body: body, type: type, retryAfter: retryAfter)
        case .hang?: return note(exchange, 0)
        case .refuse(let reset)?:
            note(exchange, 0)
            return exchange.connection.close(reset: reset)
        case .drip(let pause)?: exchange.connection.drip(every: pause)
        case .watch(let effect)?: watchEffect = effect
        }
        do throws(APIStatus) {
            guard let identity = exchange.identity else { throw .unauthorized }
            if exchange.target.resource == .accessReviews { return try review(exchange, identity) }
            guard let wanted = exchange.wanted else { return try answerOther(exchange, identity) }
            if let refusal = AccessTable.refusal(identity, wanted) { throw refusal }
            if exchange.request.isTooLarge { throw .tooLargeBody }
            switch wanted.verb {
            case "get": try get(exchange)
            case "list": try list(exchange)
            case "watch": try openWatch(exchange, watchEffect)
            default: try write(exchange, wanted)
            }
        } catch {
            respond(exchange, error)
        }
    }

    /// A path or a method that is none of ours.
    private func answerOther(_ exchange: Exchange, _ identity: AccessTable.Identity) throws(APIStatus) {
        if exchange.target.resource != .other { throw .methodNotAllowed }
        if identity == .administrator {
            let response = APIResponse.text(404, "404 page not found\n")
            note(exchange, 404)
            return exchange.connection.respond(response)
        }
        let verb = exchange.request.method.lowercased()
        let message = "forbidden: User \"\(identity.user)\" cannot \(verb) path \"\(exchange.target.path)\""
        throw APIStatus(code: 403, message: message, reason: "Forbidden")
    }

    /// What a fault answers.
    private func fail(_ exchange: Exchange, _ code: Int, body: [UInt8]?, type: String, retryAfter: Int?) {
        if let body {
            let retry = retryAfter.map { [(name: "Retry-After", value: String($0))] } ?? []
            note(exchange, code)
            let response = APIResponse(status: code, headers: headers(exchange) + retry, contentType: type, body: body)
            return exchange.connection.respond(response)
        }
        let nobody = AccessTable.Account(namespace: "", name: "", tokens: [], rules: [])
        let wanted = exchange.wanted ?? .init(verb: "get", namespace: "")
        var refusal = AccessTable.refusal(.account(nobody), wanted) ?? .unauthorized
        let user = exchange.identity?.user ?? AccessTable.Identity.anonymous.user
        refusal.message = refusal.message.replacing("\"\(nobody.user)\"", with: "\"\(user)\"")
        let answer = StandardAnswers.response(code, refusal: refusal, retryAfter: retryAfter)
        if let status = answer.status { respond(exchange, status) }
        if var response = answer.response {
            note(exchange, code)
            response.headers += headers(exchange)
            exchange.connection.respond(response)
        }
    }

    // MARK: answers

    /// Answers with an object.
    func respond(_ exchange: Exchange, _ json: JSONValue, status: Int = 200) {
        var response = APIResponse(status: status, headers: headers(exchange), body: encode(json, exchange))
        let encodings = exchange.request.header("accept-encoding") ?? ""
        // GET and LIST only (apiserver writers.go; recording 15).
        if response.body.count > 128 * 1024, encodings.contains("gzip"), exchange.request.method == "GET" {
            response.body = StoredGzip.encode(response.body)
            response.headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        }
        note(exchange, status)
        exchange.connection.respond(response)
    }

    /// Answers with a failure.
    func respond(_ exchange: Exchange, _ status: APIStatus) {
        var headers = status.code == 401 ? [] : headers(exchange)
        if status.code == 403 { headers.append(("X-Content-Type-Options", "nosniff")) }
        if let seconds = status.retryAfter { headers.append(("Retry-After", String(seconds))) }
        note(exchange, status.code)
        let body = encode(status.json, exchange)
        exchange.connection.respond(APIResponse(status: status.code, headers: headers, body: body))
    }

    /// Indented for people without a line feed at the end, compact with one for programs (apimachinery json.go).
    private func encode(_ json: JSONValue, _ exchange: Exchange) -> [UInt8] {
        if exchange.request.wantsIndentation(exchange.target) { return JSONWriter.pretty(json).dropLast() }
        return JSONWriter.compact(json) + [UInt8(ascii: "\n")]
    }

    func headers(_ exchange: Exchange) -> [(name: String, value: String)] {
        guard let identity = exchange.identity else { return [] }
        let flow =
            switch identity {
            case .account: flows[0]
            case .administrator: flows[1]
            case .anonymous: flows[2]
            }
        return [
            ("X-Kubernetes-Pf-Flowschema-Uid", flow.schema), ("X-Kubernetes-Pf-Prioritylevel-Uid", flow.level),
        ]
    }

    func note(_ exchange: Exchange, _ status: Int) {
        var entry = exchange.entry
        entry.status = status
        log.append(entry)
        answerWaiting()
        if options.isQuiet { return }
        let fault = entry.fault.map { ", fault \($0)" } ?? ""
        Diagnostics.report("\(entry.method) \(entry.path): \(status)\(fault)")
    }

    // MARK: watches

    func register(_ setup: Watch.Setup, on connection: Connection, position: Int) -> Watch {
        let watch = Watch(setup, id: nextWatch, connection: connection, position: position)
        nextWatch += 1
        watches[watch.id] = watch
        answerWaiting()
        return watch
    }

    /// The open watches, the oldest first, for those names (none: for all).
    func openWatches(_ names: [String] = []) -> [Watch] {
        let all = watches.values.sorted { $0.id < $1.id }
        return names.isEmpty ? all : all.filter { $0.names.map { names.contains($0) } ?? false }
    }

    func forget(_ watch: Watch) {
        watch.stop()
        watches[watch.id] = nil
        answerWaiting()
    }

    func closed(_ connection: Connection) {
        for watch in openWatches() where watch.connection === connection { forget(watch) }
    }

    func endWatches() {
        for watch in openWatches() {
            watch.end()
            forget(watch)
        }
    }

    // MARK: time

    /// Runs `action` once there is a request or a watch more or less, at the latest after a while.
    func atNews(within limit: Duration, _ action: @escaping () -> Void) {
        var isDone = false
        let once = {
            if isDone { return }
            isDone = true
            action()
        }
        waiting.append(once)
        _ = schedule(limit, once)
    }

    private func answerWaiting() {
        let actions = waiting
        waiting = []
        // Not in the middle of what has just happened.
        for action in actions { _ = schedule(.zero, action) }
    }

    /// Runs `action` after a while, or at once for none.
    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        if delay == .zero { action() } else { _ = schedule(delay, action) }
    }

    func schedule(_ delay: Duration, _ action: @escaping () -> Void) -> Scheduled<Void> {
        let bound = NIOLoopBound(action, eventLoop: eventLoop)
        return eventLoop.scheduleTask(in: .nanoseconds(delay.nanoseconds)) { bound.value() }
    }
}
