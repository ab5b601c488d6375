import Shared

/// One fault, with the requests it applies to.
struct FaultRule: Sendable {
    /// What happens to a request.
    enum Effect: Equatable, Sendable {
        /// This answer instead of the real one; without a body the real server's for that status.
        case status(Int, body: [UInt8]?, contentType: String, retryAfter: Int?)
        /// No answer, for ever.
        case hang
        /// The connection ends before the answer, with a FIN or a reset.
        case refuse(reset: Bool)
        /// Every answer so much later. Adds to other faults.
        case latency(Duration)
        /// One byte every so often.
        case drip(every: Duration)
        case watch(WatchEffect)
    }

    /// What happens to a watch, a new one or those that are open.
    enum WatchEffect: Equatable, Sendable {
        /// An ERROR event, then a clean end. `nil` is the 410 for the version the watch stands at.
        case error(APIStatus?)
        /// No byte any more; what happens meanwhile is lost for this watch.
        case stall
        /// Of the next event's line only so many bytes, then the end of the connection.
        case drop(bytes: Int, reset: Bool)
        /// The end of the connection at once.
        case cut(reset: Bool)
        /// A clean end.
        case end
        case drip(every: Duration)
    }

    var effect: Effect
    /// `get`, `list`, `watch` …; empty for all.
    var verbs: [String] = []
    /// Empty for all.
    var names: [String] = []
    /// So many matching requests are let through first.
    var after = 0
    /// The rule is used up after so many requests; `nil` for never.
    var count: Int?
    /// The JSON it was made from, for `GET /_faults`.
    var source: JSONObject

    func matches(_ wanted: AccessTable.Attributes) -> Bool {
        if case .watch = effect, wanted.verb != "watch" { return false }
        if !verbs.isEmpty, !verbs.contains(wanted.verb) { return false }
        return names.isEmpty || wanted.name.map { names.contains($0) } ?? false
    }
}

/// The faults in force. Pure: decides, the server performs.
struct FaultSet: Sendable {
    private(set) var rules: [FaultRule] = []

    init(_ rules: [FaultRule] = []) {
        self.rules = rules
    }

    /// What happens to one request.
    struct Decision: Equatable, Sendable {
        /// `nil`: it is answered.
        var effect: FaultRule.Effect?
        /// Before anything else happens.
        var latency: Duration = .zero
    }

    /// Decides about a request and counts it. Latencies add up; of the other rules the first that matches decides.
    mutating func decide(_ wanted: AccessTable.Attributes) -> Decision {
        var decision = Decision()
        for index in rules.indices {
            let isLatency = if case .latency = rules[index].effect { true } else { false }
            if !isLatency, decision.effect != nil { continue }
            guard rules[index].count != 0, rules[index].matches(wanted) else { continue }
            if rules[index].after > 0 {
                rules[index].after -= 1
                continue
            }
            if let count = rules[index].count { rules[index].count = count - 1 }
            if case .latency(let latency) = rules[index].effect {
                decision.latency += latency
            } else {
                decision.effect = rules[index].effect
            }
        }
        rules.removeAll { $0.count == 0 }
        return decision
    }

    /// For `GET /_faults`: the rules with what is left of their counts.
    var description: JSONValue {
        .array(
            rules.map { rule in
                var object = rule.source
                object["count"] = rule.count.map { .int($0) }
                if object["after"] != nil { object["after"] = .int(rule.after) }
                return .object(object)
            }
        )
    }
}
