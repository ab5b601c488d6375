internal import Shared

/// The verdict in words, and since when.
extension StatusPage {
    var word: String {
        evaluation.readiness.isReady ? (evaluation.warnings.isEmpty ? "Ready" : "Ready, with warnings") : "Not ready"
    }

    private var kind: PageKind {
        if !evaluation.readiness.isReady {
            return counts.unsettled > 0 || situation.view.snapshot.isEmpty ? .busy : .bad
        }
        return evaluation.warnings.isEmpty ? .good : .warn
    }

    var counts: ContractCounts { evaluation.counts }

    func verdict(_ writer: inout HTMLWriter) {
        writer.markup("<section id=\"verdict\" class=\"")
        writer.markup(kind.name)
        writer.markup("\" aria-labelledby=\"verdict-word\"><h1 id=\"verdict-word\">")
        writer.text(word)
        writer.markup("</h1>")
        writer.element("p", text: "\(sentence).")
        if !evaluation.readiness.isReady {
            writer.sentences(evaluation.readiness.reasons.map { "\($0.detail) (\($0.code.text))" })
        }
        writer.element("p") { writer in
            writer.markup("since ")
            writer.time(subject.since, clock)
        }
        // Some reasons are warnings too: once is enough.
        let warnings = evaluation.warnings.filter { !evaluation.readiness.reasons.contains($0) }
        if !warnings.isEmpty {
            writer.markup("<h2>Warnings</h2>")
            writer.sentences(warnings.map { "\($0.detail) (\($0.code.text))" })
        }
        let trouble = situation.view.problem.map { "The shared state: \($0.detail)" }
        writer.sentences([trouble, wedged].compactMap { $0 })
        tally(&writer)
        writer.markup("</section>")
    }

    private var wedged: String? {
        evaluation.liveness.isAlive ? nil : "The supervisor gave no sign of life for more than 30 s: /liveness is 503"
    }

    /// One sentence for everybody; codes and details follow.
    private var sentence: String {
        guard evaluation.readiness.isReady || counts.total > 0 else { return "No contract can be relied on" }
        let there = counts[.published] + counts[.superseded]
        let status = situation.sections.source?.status
        guard status == .present || status == .lost else { return "The contracts have not been read" }
        if counts.total == 0 { return "There is no contract to publish" }
        let known = evaluation.brokerHealthy ? "" : ", as far as was known last"
        if there == counts.total {
            return (there == 1 ? "The only contract is in the broker" : "All \(there) contracts are in the broker")
                + known
        }
        return "\(there) of \(counted(counts.total, "contract")) \(there == 1 ? "is" : "are") in the broker\(known)"
    }

    /// How many contracts are in which state.
    private func tally(_ writer: inout HTMLWriter) {
        guard counts.total + counts.invalid > 0 else { return }
        writer.element("ul", "class=\"counts\" aria-label=\"Contracts by state\"") { writer in
            for state in PairState.byUrgency where state != .invalid && counts[state] > 0 {
                writer.element("li") {
                    $0.state("\(counts[state]) \(state.rawValue)", mark: state.mark, kind: state.kind)
                }
            }
            if counts.invalid > 0 {
                writer.element("li") { writer in
                    writer.state("\(counts.invalid) invalid", mark: PairState.invalid.mark, kind: .bad)
                }
            }
        }
    }
}

extension PairState {
    /// What a person should see first comes first.
    static let byUrgency: [PairState] = [.failed, .invalid, .pending, .publishing, .stale, .superseded, .published]

    var mark: StaticString {
        switch self {
        case .published: "✓"
        case .superseded: "⇄"
        case .stale: "◔"
        case .failed: "✕"
        case .publishing: "↑"
        case .pending: "…"
        case .invalid: "!"
        }
    }

    var kind: PageKind {
        switch self {
        case .published: .good
        case .superseded, .stale: .warn
        case .failed, .invalid: .bad
        case .publishing, .pending: .busy
        }
    }
}
