import Shared

/// The body of `PUT /_faults`.
struct FaultCommand: Sendable {
    /// A fault that happens at once.
    struct Immediate: Sendable {
        var effect: FaultRule.WatchEffect
        /// Empty for all.
        var names: [String]
    }

    var rules: [FaultRule] = []
    /// For the watches that are open now.
    var immediate: [Immediate] = []
    /// Nobody listens for so long.
    var refuse: Duration?

    static let help = """
        Faults: PUT /_faults with one JSON object, or a list of them.
          {"status": 503}           this status, with the real server's body for it;
                                    with "body" (text or JSON), "content_type",
                                    "retry_after"
          {"hang": true}            never answers
          {"refuse": true}          closes the connection instead; "reset" resets it
          {"latency_ms": 20}        answers later; adds to other faults
          {"drip_ms": 5}            one byte every so many milliseconds
        Watches only:
          {"expired": true}         200, one ERROR event 410, a clean end
          {"error_event": 500}      the same with another code
          {"stall": true}           no byte any more, and no end; events are lost
          {"drop_after_bytes": 40}  so many bytes of the next event's line, then the
                                    connection is closed; with "reset": true, reset
        Each may be limited: "verbs": ["get", "list", "watch", ...], "names", "count":
        so many requests, "after": let so many through first.
        "open": true does it to the watches that are open, now, instead of new ones;
        {"end": true} (clean) and {"cut": true} or {"cut": "reset"} always do.
          {"refuse_seconds": 3}     at once: nobody listens for 3 s, every
                                    connection is closed
        A PUT with rules replaces the former ones; DELETE /_faults ends them.
        PUT /_admin/access   [{"account": "NS/NAME", "tokens": ["t"],
                             "rules": [{"verbs": ["get"], "names": ["n"]}]}]
        PUT /_admin/rotate   {"account": "NS/NAME", "token": "t2"}: the former tokens
                             are invalid, this one is valid
        PUT /_admin/bump     {"by": 3} or {"to": 300}: the version grows, no event
        PUT /_admin/compact  lists of exactly an older version are 410
        PUT /_admin/forget   every older version is 410 for a watch
        PUT /_admin/snapshot {"name": "a"}, and /_admin/restore: a backup of etcd, and
                             the version and all objects set back to it
        GET /_requests?since=ID is the request log, GET /_watches the open watches; with
        wait_ms=N the answer comes at the next request, or when a watch opens or ends,
        at the latest after N ms.
        """

    /// - Throws: ``ControlError`` with what is wrong.
    init(_ json: JSONValue) throws(ControlError) {
        for entry in json["rules"]?.array ?? json.array ?? [json] {
            guard let object = entry.object else {
                throw ControlError("a fault must be an object, not \(entry.kindName)")
            }
            try add(object)
        }
    }

    private static let effects = [
        "status", "hang", "refuse", "latency_ms", "drip_ms", "expired", "error_event", "stall", "drop_after_bytes",
        "end", "cut", "refuse_seconds",
    ]
    private static let limits = [
        "verbs", "names", "count", "after", "open", "reset", "retry_after", "body", "content_type",
    ]

    private mutating func add(_ object: JSONObject) throws(ControlError) {
        let names = object.uniqueMembers.map(\.key)
        if let unknown = names.first(where: { !Self.effects.contains($0) && !Self.limits.contains($0) }) {
            throw ControlError("unknown member \"\(unknown)\"")
        }
        let chosen = names.filter { Self.effects.contains($0) && object[$0] != .bool(false) }
        if chosen.count != 1 { throw ControlError("one fault per object, not \(chosen)") }
        if let seconds = object["refuse_seconds"] {
            refuse = .milliseconds(Int64((seconds.number?.double ?? 0) * 1000))
            return
        }
        let selected = try Self.texts("names", object)
        if let effect = Self.openOnly(object) {
            immediate.append(Immediate(effect: effect, names: selected))
            return
        }
        let effect = try Self.effect(chosen[0], object)
        if object["open"] == .bool(true) {
            immediate.append(Immediate(effect: try Self.watchEffect(effect), names: selected))
            return
        }
        var rule = FaultRule(effect: effect, source: object)
        rule.verbs = try Self.texts("verbs", object)
        rule.names = selected
        rule.after = try Self.number("after", object) ?? 0
        rule.count = try Self.number("count", object)
        rules.append(rule)
    }

    private static func openOnly(_ object: JSONObject) -> FaultRule.WatchEffect? {
        if object["end"] != nil { return .end }
        return object["cut"].map { .cut(reset: $0.string == "reset") }
    }

    private static func watchEffect(_ effect: FaultRule.Effect) throws(ControlError) -> FaultRule.WatchEffect {
        switch effect {
        case .watch(let effect): return effect
        case .drip(let pause): return .drip(every: pause)
        default: throw ControlError("\"open\" is for faults of watches")
        }
    }

    private static func effect(_ name: String, _ object: JSONObject) throws(ControlError) -> FaultRule.Effect {
        switch name {
        case "status": return try status(object)
        case "hang": return .hang
        case "refuse": return .refuse(reset: object["refuse"]?.string == "reset")
        case "latency_ms": return .latency(.milliseconds(try number(name, object) ?? 0))
        case "drip_ms": return .drip(every: .milliseconds(try number(name, object) ?? 0))
        case "expired": return .watch(.error(nil))
        case "error_event":
            let code = try number(name, object) ?? 500
            return .watch(.error(code == 500 ? .storageTimeout : StandardAnswers.status(code)))
        case "stall": return .watch(.stall)
        default:
            let bytes = try number("drop_after_bytes", object) ?? 0
            return .watch(.drop(bytes: bytes, reset: object["reset"]?.bool ?? false))
        }
    }

    private static func status(_ object: JSONObject) throws(ControlError) -> FaultRule.Effect {
        guard let status = object["status"]?.int, (200...599).contains(status) else {
            throw ControlError("\"status\" must be a number from 200 to 599")
        }
        let body: [UInt8]? =
            switch object["body"] {
            case nil, .null?: nil
            case .string(let text)?: Array(text.utf8)
            case let json?: JSONWriter.compact(json)
            }
        let type = object["content_type"]?.string ?? (object["body"]?.string == nil ? "application/json" : "text/plain")
        return .status(status, body: body, contentType: type, retryAfter: try number("retry_after", object))
    }

    private static func number(_ name: String, _ object: JSONObject) throws(ControlError) -> Int? {
        guard let value = object[name] else { return nil }
        guard let number = value.int, (0...1_000_000_000).contains(number) else {
            throw ControlError("\"\(name)\" must be a whole number, not below 0")
        }
        return number
    }

    private static func texts(_ name: String, _ object: JSONObject) throws(ControlError) -> [String] {
        guard let value = object[name] else { return [] }
        let texts = value.array?.compactMap(\.string) ?? value.string.map { [$0] } ?? []
        if texts.isEmpty { throw ControlError("\"\(name)\" must be a text or a list of texts") }
        return texts
    }
}
