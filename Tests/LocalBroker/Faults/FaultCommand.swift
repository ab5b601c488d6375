import Shared

/// What `PUT /_faults` asks for: rules that stay, and things done at once.
///
/// The body is one object, an array of them, or `{"rules": […]}`; it replaces all rules. ``help`` describes it.
struct FaultCommand: Sendable {
    /// Replace those in force.
    var rules: [FaultRule] = []
    /// Nothing listens for so long, and every connection is closed.
    var refuse: Duration?
    /// Everything stored is forgotten.
    var wipes = false

    /// For `--help` and for the answer to a bad body.
    static let help = """
        PUT /_faults replaces all faults. The body is one object, an array of
        them, or {"rules": [...]}:
          {"status": 503}           one answer for all; with "retry_after": seconds,
                                    "body": text or JSON, "content_type"; a 401
                                    gets its www-authenticate header
          {"hang": true}            never answers; {"hang": 5} answers after 5 s
          {"latency_ms": 20}        answers later; adds to other faults
          {"close": true}           closes the connection instead of answering
          {"close_mid_body": true}  sends half of the body, then closes
          {"hang_mid_body": true}   sends half of the body, then nothing
          {"drip": true}            16 bytes every 10 ms; {"drip": 1} one byte
          {"database_down": true}   heartbeat and index 200, dependencies 500 with
                                    "ok":false, other reads 500 with a reference,
                                    writes an empty 500, as the real broker
          {"poison": "text"}        500 with a reference for contracts that
                                    contain the text
          {"refuse_seconds": 3}     at once: nobody listens for 3 s, every
                                    connection is closed
          {"wipe": true}            at once: everything stored is forgotten
        Each may be limited: "method": "POST" or a list; "paths": beginning of the
        path or a list; "count": so many requests; "after": let so many through
        first. "handled": true carries the request out although its answer is
        replaced or lost; that is the rule for close_mid_body, hang_mid_body, drip
        and a hang that ends.
        GET /_faults shows what is in force, DELETE /_faults ends it. No fault but
        refuse_seconds touches /_faults, /_requests and /_stored; the credentials,
        if any, are needed there too.
        GET /_requests?since=ID is the request log: a JSON array, oldest first, of
        at most the last 10,000 requests. DELETE /_requests empties it.
        GET /_stored is what is stored, whatever the faults: for each pair its
        last publications, the latest last, with version and content SHA.
        """

    /// - Throws: ``ParseError`` with what is wrong.
    init(_ body: [UInt8]) throws(ParseError) {
        let value: JSONValue
        do {
            value = try JSONReader.parse(body, options: .init(allowsComments: true))
        } catch {
            throw ParseError(description: "not JSON: \(error)")
        }
        let entries = value["rules"]?.array ?? value.array ?? [value]
        for entry in entries {
            guard let object = entry.object else {
                throw ParseError(description: "a fault must be an object, not \(entry.kindName)")
            }
            try add(object)
        }
    }

    /// What is wrong with the body, for the person who sent it.
    struct ParseError: Error, CustomStringConvertible {
        var description: String
    }

    private static let effects = [
        "status", "hang", "close", "close_mid_body", "hang_mid_body", "drip", "database_down", "poison",
        "latency_ms", "refuse_seconds", "wipe",
    ]
    private static let limits = [
        "method", "paths", "count", "after", "handled", "retry_after", "body", "content_type",
    ]

    private mutating func add(_ object: JSONObject) throws(ParseError) {
        let names = object.uniqueMembers.map(\.key)
        if let unknown = names.first(where: { !Self.effects.contains($0) && !Self.limits.contains($0) }) {
            throw ParseError(description: "unknown member \"\(unknown)\"")
        }
        let chosen = names.filter { Self.effects.contains($0) && object[$0] != .bool(false) }
        if chosen.isEmpty { throw ParseError(description: "no fault in \(Self.text(object))") }
        // Faults named together are rules of their own with the same limits.
        for name in chosen {
            switch name {
            case "wipe": wipes = true
            case "refuse_seconds": refuse = try Self.seconds(name, in: object)
            default: rules.append(try Self.rule(name, object))
            }
        }
    }

    private static func rule(_ name: String, _ object: JSONObject) throws(ParseError) -> FaultRule {
        var source = object
        for other in effects where other != name { source[other] = nil }
        var rule = FaultRule(effect: try effect(name, object), source: source)
        rule.methods = try texts("method", in: object).map { $0.uppercased() }
        rule.paths = try texts("paths", in: object)
        rule.after = try number("after", in: object) ?? 0
        rule.count = try number("count", in: object)
        rule.handles = object["handled"]?.bool ?? isDeliveryFault(rule.effect)
        return rule
    }

    /// Faults that spoil a real answer.
    private static func isDeliveryFault(_ effect: FaultRule.Effect) -> Bool {
        switch effect {
        case .closeMidBody, .hangMidBody, .drip, .latency: true
        case .hang(let duration): duration != nil
        case .status, .close, .databaseDown, .poison: false
        }
    }

    private static func effect(_ name: String, _ object: JSONObject) throws(ParseError) -> FaultRule.Effect {
        switch name {
        case "status":
            guard let status = object["status"]?.int, (200...599).contains(status) else {
                throw ParseError(description: "\"status\" must be a number from 200 to 599")
            }
            let body: [UInt8]? =
                switch object["body"] {
                case nil, .null?: nil
                case .string(let text)?: Array(text.utf8)
                case let json?: JSONWriter.compact(json)
                }
            let type =
                object["content_type"]?.string ?? (object["body"]?.string == nil ? BrokerResponse.hal : "text/plain")
            let retryAfter = try number("retry_after", in: object)
            return .status(status, body: body, contentType: type, retryAfter: retryAfter)
        case "hang": return .hang(object["hang"] == .bool(true) ? nil : try seconds(name, in: object))
        case "close": return .close
        case "close_mid_body": return .closeMidBody
        case "hang_mid_body": return .hangMidBody
        case "drip":
            let bytes = object["drip"] == .bool(true) ? 16 : try number(name, in: object) ?? 16
            return .drip(bytes: max(bytes, 1), every: .milliseconds(10))
        case "database_down": return .databaseDown
        case "poison":
            guard let text = object["poison"]?.string, !text.isEmpty else {
                throw ParseError(description: "\"poison\" must be a text")
            }
            return .poison(text)
        default:
            guard let milliseconds = try number("latency_ms", in: object) else {
                throw ParseError(description: "\"latency_ms\" must be a number")
            }
            return .latency(.milliseconds(milliseconds))
        }
    }

    private static func number(_ name: String, in object: JSONObject) throws(ParseError) -> Int? {
        guard let value = object[name] else { return nil }
        guard let number = value.int, (0...1_000_000_000).contains(number) else {
            throw ParseError(description: "\"\(name)\" must be a whole number, not below 0")
        }
        return number
    }

    private static func seconds(_ name: String, in object: JSONObject) throws(ParseError) -> Duration {
        guard let seconds = object[name]?.number?.double, seconds >= 0, seconds <= 86_400 else {
            throw ParseError(description: "\"\(name)\" must be a number of seconds, at most a day")
        }
        return .milliseconds(Int64(seconds * 1000))
    }

    private static func texts(_ name: String, in object: JSONObject) throws(ParseError) -> [String] {
        switch object[name] {
        case nil, .null?: return []
        case .string(let text)?: return [text]
        case .array(let elements)?:
            let texts = elements.compactMap(\.string)
            if texts.count == elements.count { return texts }
            throw ParseError(description: "\"\(name)\" must be a text or a list of texts")
        default: throw ParseError(description: "\"\(name)\" must be a text or a list of texts")
        }
    }

    private static func text(_ object: JSONObject) -> String {
        String(decoding: JSONWriter.compact(.object(object)).prefix(200), as: UTF8.self)
    }
}
