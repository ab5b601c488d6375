import Shared

/// What a one-shot did, as a table or JSON; pure.
struct OnceReport: Equatable {
    /// How it ended for one pair.
    enum Result: String {
        case published
        case superseded
        case failed
        case invalid
        /// The broker could not be used in time.
        case pending
        case wouldPublish = "would publish"
    }

    /// One pair, or one file that is no contract.
    struct Row: Equatable {
        var consumer: String
        var provider: String
        var version: String
        var result: Result
        var reason: String
    }

    var rows: [Row]

    /// Everything valid is published, or would be, and nothing is invalid.
    var isSuccess: Bool {
        rows.allSatisfy { row in
            switch row.result {
            case .published, .wouldPublish: true
            case .superseded, .failed, .invalid, .pending: false
            }
        }
    }

    /// The grouping's pairs with what the plan knows of them, then the invalid files.
    init(_ grouping: ContractGrouping, bad: [SourceState.InvalidKey], plan: PublicationPlan, isDryRun: Bool) {
        rows = grouping.pairs.map { pair in
            let key = PairKey(consumer: pair.desired.consumer, provider: pair.desired.provider)
            var row = Row(consumer: key.consumer, provider: key.provider, version: "", result: .invalid, reason: "")
            guard pair.content != nil, let record = plan.pairs[key] else {
                row.reason = "\(pair.desired.files.joined(separator: ", ")): \(pair.desired.problem ?? "")"
                return row
            }
            let consumer = plan.consumers[key.consumer]?.version ?? ""
            row.version = consumer.isEmpty ? plan.configuration.policy.base : consumer
            (row.result, row.reason) = OnceReport.result(record, plan, isDryRun)
            return row
        }
        for key in grouping.invalid + bad {
            rows.append(
                Row(
                    consumer: "-",
                    provider: "-",
                    version: "",
                    result: .invalid,
                    reason: "\(key.key): \(key.reason)"
                )
            )
        }
    }

    private static func result(
        _ record: PairRecord,
        _ plan: PublicationPlan,
        _ isDryRun: Bool
    ) -> (Result, String) {
        if isDryRun {
            return (
                .wouldPublish, "\(counted(record.desired.bytes, "byte")), SHA-256 \(record.desired.sha256.prefix(12))"
            )
        }
        if let failure = record.failure, failure.published.sha256 == record.desired.sha256 {
            return (.failed, failure.published.explanation)
        }
        if record.verified?.sha256 == record.desired.sha256 {
            if let other = record.superseded { return (.superseded, "the latest is somebody else's \(other.version)") }
            return (.published, record.verified?.createdAt.map { "created \($0)" } ?? "")
        }
        return (.pending, record.lastError ?? plan.check.shownDetail ?? "not proven in time")
    }

    /// Columns of equal width, reasons on one line each.
    var table: String {
        let head = ["CONSUMER", "PROVIDER", "VERSION", "RESULT", "REASON"]
        let lines = rows.map { row in
            [row.consumer, row.provider, row.version, row.result.rawValue, row.reason].map(OnceReport.oneLine)
        }
        return TextTable.lines([head] + lines).joined(separator: "\n") + "\n"
    }

    /// `{"contracts": […], "published": n, …}`.
    var json: [UInt8] {
        let contracts: [JSONValue] = rows.map { row in
            .object(
                JSONObject([
                    .init(key: "consumer", value: .string(row.consumer)),
                    .init(key: "provider", value: .string(row.provider)),
                    .init(key: "version", value: .string(row.version)),
                    .init(key: "result", value: .string(row.result.rawValue)),
                    .init(key: "reason", value: .string(row.reason)),
                ])
            )
        }
        var members: [JSONObject.Member] = [.init(key: "contracts", value: .array(contracts))]
        for (result, count) in counts { members.append(.init(key: result.rawValue, value: .int(count))) }
        return JSONWriter.pretty(.object(JSONObject(members)))
    }

    /// `36 published, 2 invalid`.
    var summary: String {
        rows.isEmpty ? "nothing published" : counts.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
    }

    private var counts: [(Result, Int)] {
        let all: [Result] = [.published, .wouldPublish, .superseded, .failed, .invalid, .pending]
        return all.map { result in (result, rows.count { $0.result == result }) }.filter { $0.1 > 0 }
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }
}
