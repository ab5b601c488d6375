internal import Shared

/// The contracts, those that need somebody first.
extension StatusPage {
    /// Rows, and bytes of the page after which no further row begins: 5,000 contracts are megabytes.
    static let rows = 500
    static let rowBytes = 1 << 20
    /// Files named of one contract.
    private static let filesShown = 5

    func contracts(_ writer: inout HTMLWriter) {
        writer.section("contracts", "Contracts") { writer in
            let all = situation.view.snapshot.contracts
            guard !all.isEmpty else {
                writer.element("p", text: sections.source == nil ? "Not read yet." : "There is none.")
                return
            }
            let order = PairState.byUrgency.flatMap { state in all.filter { $0.state == state } }
            var shown = 0
            let columns: [StaticString] = [
                "Consumer → provider", "State", "Why", "Version", "Published", "Attempts", "Files",
            ]
            writer.table("contracts", caption: "Consumer → provider; those with a problem first", columns: columns) {
                writer in
                let start = writer.bytes.count
                for contract in order.prefix(Self.rows) where writer.bytes.count - start < Self.rowBytes {
                    row(contract, &writer)
                    shown += 1
                }
            }
            if shown < all.count {
                writer.element("p") { writer in
                    writer.number(all.count - shown)
                    writer.markup(" more are not shown here; all are in <a href=\"status.json\">status.json</a>.")
                }
            }
        }
    }

    private func row(_ contract: ContractView, _ writer: inout HTMLWriter) {
        writer.element("tr") { writer in
            writer.element("th", "scope=\"row\" class=\"wide\"") { writer in
                writer.name(contract.desired.consumer)
                writer.markup(" → ")
                writer.name(contract.desired.provider)
            }
            writer.element("td") { writer in
                writer.state(contract.state.rawValue, mark: contract.state.mark, kind: contract.state.kind)
            }
            writer.element("td", "class=\"why\"") { why(contract, &$0) }
            writer.element("td", "class=\"wide\"") { writer in
                if let version = contract.published?.version { writer.code(version) } else { writer.markup("–") }
            }
            writer.element("td", "class=\"wide\"") { writer in
                if let time = contract.publishedAt { writer.time(time, clock) } else { writer.markup("–") }
            }
            writer.element("td", "class=\"wide\"") { writer in
                writer.number(contract.published?.attempts ?? 0)
                if let next = contract.published?.nextAttemptAt {
                    writer.markup("<br>next ")
                    writer.time(next, clock)
                }
            }
            writer.element("td", "class=\"wide\"") { files(of: contract.desired, &$0) }
        }
    }

    /// The broker's text, the places that differ, what the contract itself says.
    private func why(_ contract: ContractView, _ writer: inout HTMLWriter) {
        var lines: [String] = []
        func add(_ line: String?) { if let line, !line.isEmpty, !lines.contains(line) { lines.append(line) } }
        let failure = contract.published?.failure
        if let failure {
            add([failure.kind, failure.httpStatus.map { "HTTP \($0)" }].compactMap { $0 }.joined(separator: ", "))
            add(failure.reason)
        } else {
            add(contract.detail)
        }
        add(contract.desired.problem)
        add(contract.published?.lastError)
        for warning in contract.desired.warnings.prefix(Self.filesShown) { add("Note: \(warning)") }
        for (index, line) in lines.enumerated() {
            if index > 0 { writer.markup("<br>") }
            writer.name(line, limit: StateLimits.reasonBytes)
        }
        if let paths = failure?.jsonPaths, !paths.isEmpty {
            writer.markup("<br>differs at")
            writer.element("ul") { writer in
                for path in paths { writer.element("li") { $0.code(path) } }
            }
        }
        if lines.isEmpty { writer.markup("–") }
    }

    private func files(of pair: DesiredPair, _ writer: inout HTMLWriter) {
        for (index, file) in pair.files.prefix(Self.filesShown).enumerated() {
            if index > 0 { writer.markup("<br>") }
            writer.code(file)
        }
        if pair.files.count > Self.filesShown {
            writer.markup("<br>and ")
            writer.number(pair.files.count - Self.filesShown)
            writer.markup(" more")
        }
    }

    /// Keys that hold no valid contract, and those that are passed over.
    func files(_ writer: inout HTMLWriter) {
        writer.section("files", "Files") { writer in
            let source = sections.source
            let invalid = source?.invalid ?? []
            if !invalid.isEmpty {
                let columns: [StaticString] = ["File", "Line", "Column", "Reason"]
                writer.table(
                    "invalid",
                    caption: caption("Invalid", invalid.count, source?.invalidCount),
                    columns: columns
                ) { writer in
                    for key in invalid.prefix(StateLimits.invalidKeys) { row(key, &writer) }
                }
            }
            let ignored = source?.ignored ?? []
            if !ignored.isEmpty {
                let caption = caption("Ignored on purpose", ignored.count, source?.ignoredCount)
                writer.table("ignored", caption: caption, columns: ["File", "Reason"]) { writer in
                    for key in ignored.prefix(StateLimits.ignoredKeys) {
                        writer.element("tr") { writer in
                            writer.element("th", "scope=\"row\" class=\"wide\"") { $0.code(key.key) }
                            writer.element("td", "class=\"why\"") {
                                $0.name(key.reason, limit: StateLimits.reasonBytes)
                            }
                        }
                    }
                }
            }
            if invalid.isEmpty, ignored.isEmpty {
                writer.element("p", text: source == nil ? "Not read yet." : "None is invalid or ignored.")
            }
        }
    }

    private func row(_ key: SourceState.InvalidKey, _ writer: inout HTMLWriter) {
        writer.element("tr") { writer in
            writer.element("th", "scope=\"row\" class=\"wide\"") { $0.code(key.key) }
            writer.element("td", text: key.line.map { "\($0)" } ?? "–")
            writer.element("td", text: key.column.map { "\($0)" } ?? "–")
            writer.element("td", "class=\"why\"") { $0.name(key.bareReason, limit: StateLimits.reasonBytes) }
        }
    }

    private func caption(_ what: String, _ shown: Int, _ all: Int?) -> String {
        let all = all ?? shown
        return all > shown ? "\(what): the first \(shown) of \(all)" : "\(what): \(all)"
    }
}
