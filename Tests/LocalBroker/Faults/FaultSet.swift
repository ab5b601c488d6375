import Shared

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
        /// Whether the request is carried out.
        var handles = true
    }

    /// Decides about a request and counts it.
    ///
    /// Latencies add up; of the other rules the first that matches and still lets nothing through decides.
    mutating func decide(method: String, path: String, contains: (String) -> Bool) -> Decision {
        var decision = Decision()
        for index in rules.indices {
            let isLatency = if case .latency = rules[index].effect { true } else { false }
            if !isLatency, decision.effect != nil { continue }
            guard rules[index].count != 0, rules[index].matches(method: method, path: path, contains: contains)
            else { continue }
            if rules[index].after > 0 {
                rules[index].after -= 1
                continue
            }
            if let count = rules[index].count { rules[index].count = count - 1 }
            if case .latency(let latency) = rules[index].effect {
                decision.latency += latency
            } else {
                decision.effect = rules[index].effect
                decision.handles = rules[index].handles
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
