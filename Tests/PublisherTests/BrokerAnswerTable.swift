import Shared
import SharedHTTP

@testable import Publisher

/// Our reading of every recorded answer beside what the recording says, for one file.
struct BrokerAnswerTable: CustomStringConvertible {
    private(set) var file: String
    private(set) var exchanges = 0
    /// Like a request of ours.
    private(set) var recognised = 0
    private(set) var agree = 0
    /// JSON that the recorder cut: only status and headers were compared.
    private(set) var cut: [Int] = []
    /// Read otherwise than recorded, on purpose.
    private(set) var differences: [String] = []
    private(set) var notOurs: [(reason: String, count: Int)] = []
    /// What is read wrongly.
    private(set) var faults: [String] = []

    init(file: String) throws {
        self.file = file
        let (exchanges, unanswered) = try BrokerTranscript.read(file)
        self.exchanges = exchanges.count + unanswered
        if unanswered > 0 { notOurs.append(("no HTTP/1 answer", unanswered)) }
        for exchange in exchanges { add(exchange) }
    }

    /// Which exchanges were compared by status and headers only.
    var cutList: String? {
        cut.isEmpty ? nil : file.prefix(2) + cut.map { " #\($0)" }.joined()
    }

    private mutating func add(_ exchange: BrokerTranscript.Exchange) {
        guard let kind = exchange.kind else {
            let reason = BrokerAnswerTable.whyNotOurs(exchange)
            if let index = notOurs.firstIndex(where: { $0.reason == reason }) {
                notOurs[index].count += 1
            } else {
                notOurs.append((reason, 1))
            }
            return
        }
        recognised += 1
        if exchange.isCut, exchange.response.body.isEmpty { cut.append(exchange.number) }
        let outcome = exchange.outcome(of: kind)
        let name = String("\(outcome)".prefix { $0 != "(" })
        let meaning = exchange.meaning(for: kind)
        if let known = BrokerAnswerTable.deliberate["\(file.prefix(2)) #\(exchange.number)"] {
            differences.append("#\(exchange.number): \(meaning), read as \(name): \(known.reason)")
            if name != known.outcome { faults.append("#\(exchange.number) \(kind): \(outcome), not \(known.outcome)") }
            if name == meaning { faults.append("#\(exchange.number) is no difference") }
            return
        }
        if name != meaning {
            faults.append("#\(exchange.number) \(kind) \(exchange.response.status): \(outcome), not \(meaning)")
        } else if let fault = exchange.isCut ? nil : exchange.lostDetail(in: outcome) {
            faults.append("#\(exchange.number) \(kind) \(exchange.response.status): \(fault) in \(outcome)")
        } else {
            agree += 1
        }
    }

    /// By the first two letters of the file's name and the exchange's number.
    private static let deliberate: [String: (outcome: String, reason: String)] = [
        "09 #3": ("unauthorized", "a header of 90 kB, which we never send; an empty 400 is what a token gets [05 #7]"),
        "82 #2": ("notABroker", "answers a conditional request, which we never make"),
        "A1 #14": ("contentConflict", "only the text tells, and the recorder cut it"),
    ]

    private static func whyNotOurs(_ exchange: BrokerTranscript.Exchange) -> String {
        switch exchange.method {
        case "GET", "POST", "PUT":
            let parts = exchange.path.split(separator: "/").map { $0.prefix { $0 != "?" } }
            let names: Set<Substring> = [
                "pacts", "provider", "consumer", "version", "versions", "latest", "pacticipants", "branches", "branch",
                "tags",
                "tag", "latest-version", "pact-version", "contracts", "publish", "webhooks", "for-verification", "diff",
                "previous-distinct",
            ]
            let path = parts.map { names.contains($0) ? String($0) : "…" }.joined(separator: "/")
            return "\(exchange.method) /\(path)"
        default: return exchange.method
        }
    }

    static let header = row(["file", "exchanges", "ours", "agree", "cut", "differ", "not ours"])

    private static func row(_ cells: [String]) -> String {
        zip(cells, [46, 9, 5, 5, 4, 6, 0]).enumerated()
            .map { index, cell in
                let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
                return index == 0 || index == 6 ? cell.0 + padding : padding + cell.0
            }
            .joined(separator: "  ")
    }

    var description: String {
        let numbers = [exchanges, recognised, agree, cut.count, differences.count].map(String.init)
        let others = notOurs.map { $0.count == 1 ? $0.reason : "\($0.count) × \($0.reason)" }.joined(separator: ", ")
        return ([BrokerAnswerTable.row([file] + numbers + [others])] + differences.map { "    " + $0 })
            .joined(separator: "\n")
    }
}

extension BrokerTranscript.Exchange {
    func outcome(of kind: BrokerRequest.Kind) -> BrokerOutcome {
        BrokerAnswer.outcome(of: kind, .success(response), usesBearer: usesBearer)
    }

    private var usesBearer: Bool { requestHeaders["authorization"]?.hasPrefix("Bearer") ?? false }

    /// The outcome's name by what was recorded; the broker says most of it with the status.
    fileprivate func meaning(for kind: BrokerRequest.Kind) -> String {
        switch (kind, response.status) {
        case (.heartbeat, 200): "alive"
        case (.dependencies, 200): "databaseUp"
        case (.dependencies, 500): "databaseDown"
        case (.index, 200): "index"
        case (.index, 404): "notABroker"
        case (.latestPacts, 200): "latest"
        case (.latestPact, 200), (.pactVersion, 200): "pact"
        case (.latestPact, 404), (.pactVersion, 404): "absent"
        // 201 is a PUT's.
        case (.publish, 200), (.publish, 201): "published"
        case (.createPacticipant, 201), (.label, 201), (.label, 200): "created"
        case (_, 400) where usesBearer: "unauthorized"
        case (_, 401): "unauthorized"
        case (.publish, 404): "noSuchEndpoint"
        case (.publish, 409):
            recorded.components(separatedBy: "first time a pact").count > 1 ? "similarName" : "contentConflict"
        case (.publish, 500): "brokerError"
        case (_, 500): "transient"
        case (_, 400), (_, 405), (_, 406), (_, 412), (_, 415), (_, 422): "rejected"
        case (_, 304): "not modified"
        default: "unexpected status \(response.status)"
        }
    }

    /// What a complete answer says and the outcome does not.
    fileprivate func lostDetail(in outcome: BrokerOutcome) -> String? {
        switch outcome {
        case .pact(let pact):
            let version = kind == .pactVersion ? path.components(separatedBy: "/version/").last : pact.version
            if pact.version == nil || pact.version != version { return "another version" }
            return quoted(after: #""createdAt":""#) == pact.createdAt
                && quoted(after: #""pb:pact-version":{"title":"Pact content version permalink","name":""#) == pact.sha
                ? nil : "another date or SHA"
        case .published(let notices):
            // The same is said once more in `logs`, for older clients. A PUT's answer is the contract.
            let list = recorded.components(separatedBy: #""notices":["#).dropFirst().first ?? ""
            let said = list.components(separatedBy: "]").first ?? ""
            func count(_ text: String) -> Int { said.components(separatedBy: text).count - 1 }
            let successes = count(#""type":"success""#)
            if notices.isUnchanged != (successes > 0 && successes == count("no content changes")) {
                return "changed or not"
            }
            let warnings = count(#""type":"warning""#)
            return notices.warnings.count == warnings ? nil : "\(warnings) warnings"
        case .rejected(_, let text), .contentConflict(let text, _), .similarName(let text, _),
            .brokerError(let text, _):
            return words.map { text.components(separatedBy: $0).count > 1 } ?? true ? nil : "no “\(words ?? "")”"
        case .alive, .databaseUp, .databaseDown, .index, .latest, .absent, .created, .transient, .unauthorized,
            .forbidden, .noSuchEndpoint, .notABroker:
            return nil
        }
    }

    /// The first words of the broker's own text, wherever it put it.
    private var words: String? {
        let keys = [#""text":""#, #""detail":""#, #""error":""#, #""message":""#, #"":[""#]
        let text = recorded.hasPrefix("{") ? keys.lazy.compactMap { quoted(after: $0) }.first : recorded
        let words = text?.prefix { $0.isLetter || $0.isNumber || $0 == " " || $0 == "_" }
        return words.flatMap { $0.isEmpty ? nil : String($0) }
    }

    private func quoted(after key: String) -> String? {
        guard let start = recorded.firstRange(of: key) else { return nil }
        return String(recorded[start.upperBound...].prefix { $0 != "\"" })
    }
}
