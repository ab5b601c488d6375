import Shared

/// What the facts about the source mean and what to do: pure.
struct SourceDiagnosis {
    let facts: SourceFacts

    /// Bad files that get a line of their own.
    private static let listed = 20

    /// Where a manager would take the contracts from.
    enum Effective: Equatable {
        case api
        case directory
        /// Instead of the API, for this reason.
        case standIn(String)
        case nothing(String)
    }

    var effective: Effective {
        guard let api = facts.api else { return .directory }
        switch api.decision {
        case .content: return .api
        case .directory(_, let reason):
            guard case .content(let content) = facts.directory.outcome, !content.entries.isEmpty else {
                return .nothing(reason)
            }
            return .standIn(reason)
        case .lost(let reason), .missing(let reason): return .nothing(reason)
        case .asBefore: return .nothing("no answer")
        }
    }

    var lines: [DoctorLine] { [origin] + api + mount + contracts }

    private var origin: DoctorLine {
        switch effective {
        case .directory:
            let why = facts.lacksAccount ? "; the Kubernetes API is not asked: this pod has no service account" : ""
            return .good(.sourceOrigin, "the directory \(facts.place)\(why)")
        case .api: return .good(.sourceOrigin, "the Kubernetes API \(facts.api?.url.description ?? "")")
        case .standIn(let reason):
            let text = "the directory \(facts.place) stands in for the Kubernetes API: \(Self.head(reason))"
            let remedy = "Correct what fails below, or set CONTRACT_SOURCE=directory."
            return facts.insistsOnAPI ? .wrong(.sourceOrigin, text, remedy) : .odd(.sourceOrigin, text, remedy)
        case .nothing(let reason):
            let text =
                "contracts can be read neither through the Kubernetes API nor from a directory: \(Self.head(reason))"
            return .wrong(.sourceOrigin, text, "Correct what fails below.")
        }
    }

    /// Without what to do, which stands in the line of the cause.
    static func head(_ reason: String) -> String {
        String(reason.split(separator: "; ", maxSplits: 1).first ?? "")
    }

    // MARK: The directory

    private var mount: [DoctorLine] {
        switch effective {
        case .api:
            var text = "\(facts.place) is not needed: the API delivers"
            if case .content(let content) = facts.directory.outcome {
                text = "\(facts.place) holds \(counted(content.entries.count, "file")), used while the API cannot be"
            }
            return [.good(.sourceMount, text)]
        case .nothing, .directory, .standIn: return usedMount
        }
    }

    private var usedMount: [DoctorLine] {
        var lines: [DoctorLine] = []
        switch facts.directory.outcome {
        case .absent(let reason): lines.append(.wrong(.sourceMount, OwnSentence(reason)))
        case .unsettled(let reason):
            let remedy = "Run this again; if it stays, see who writes to the directory all the time."
            lines.append(.odd(.sourceMount, OwnSentence(reason).trouble, remedy))
        case .unchanged: preconditionFailure("a single look always finds something or nothing")
        case .content(let content):
            let others = facts.directory.warnings.filter { !Self.isAboutSubPath($0) }
            lines += others.map { .odd(.sourceMount, OwnSentence($0)) }
            if content.entries.isEmpty {
                lines.append(.odd(.sourceMount, "\(facts.place) holds no file that ends in .json"))
            } else if others.isEmpty {
                lines.append(.good(.sourceMount, "\(facts.place) holds \(counted(content.entries.count, "file"))"))
            }
            let subPaths = facts.directory.warnings.filter(Self.isAboutSubPath)
            lines += subPaths.map { .odd(.sourceSubPath, OwnSentence($0)) }
            if subPaths.isEmpty { lines.append(.good(.sourceSubPath, "nothing there is mounted with subPath")) }
        }
        return lines
    }

    /// ``DirectoryReader/subPathWarning(_:_:)``, unlike what is said of a single file.
    private static func isAboutSubPath(_ warning: String) -> Bool { warning.contains("which Kubernetes never updates") }

    // MARK: What is in it

    private var contracts: [DoctorLine] {
        guard let content else { return [] }
        let set = DesiredSetBuilder.build(content, previous: [])
        var bad = set.invalid.map { "\($0.placed) is no contract: \($0.bareReason)" }
        bad += set.pairs.compactMap { pair in pair.problem.map { "\(pair.consumer) → \(pair.provider): \($0)" } }
        var lines = bad.prefix(Self.listed)
            .map { DoctorLine.wrong(.sourceContracts, $0, DoctorCheck.sourceContracts.remedy) }
        let more = bad.count - lines.count + set.unlistedCount
        if more > 0 { lines.append(.wrong(.sourceContracts, "and \(more) more")) }
        let valid = set.pairs.filter { $0.problem == nil }
        if !valid.isEmpty {
            lines.append(.good(.sourceContracts, "\(counted(valid.count, "contract")) can be published"))
        } else if lines.isEmpty, effective == .api || !content.entries.isEmpty {
            lines.append(
                .odd(.sourceContracts, "there is no contract", "Put the contracts into it; keys must end in .json.")
            )
        }
        return lines
    }

    private var content: SourceContent? {
        switch effective {
        case .api: return facts.api?.content
        case .nothing: return nil
        case .directory, .standIn:
            guard case .content(let content) = facts.directory.outcome else { return nil }
            return content
        }
    }
}

extension SourceState.InvalidKey {
    /// `key.json:3:14`, as far as the place is known.
    var placed: String {
        guard let line else { return key }
        return "\(key):\(line)" + (column.map { ":\($0)" } ?? "")
    }
}
