internal import Shared

/// What a source that comes through the Kubernetes API says beyond its status.
extension SourceState {
    /// Some ConfigMap was never delivered in this run although others are: row 7b.
    var missingPart: Reason? {
        missingParts().map { Reason(code: .sourceMissing, detail: "\($0); the others are followed") }
    }

    /// A warning while the directory stands in for the API.
    var fallback: Reason? {
        guard isFallback else { return nil }
        let own = warnings.first { $0.hasPrefix(Self.fallbackWarning) }
        return Reason(code: .sourceFallback, detail: own ?? "contracts come from \(description), origin \(origin)")
    }

    /// The source is there and holds nothing: on purpose, or because a ConfigMap was deleted.
    var empty: Reason {
        let verb = configMaps.count > 1 && !isFallback ? "hold" : "holds"
        let deleted = deletedConfigMaps.first
            .map { gone in
                // As a word: `pact/a` is not meant by what is said of `pact/a-b`.
                warnings.first { $0.split { " ,;:".contains($0) }.contains { $0 == gone.fullName } }
                    ?? "ConfigMap \(gone.fullName) was deleted"
            }
        return Reason(
            code: .noContracts,
            detail: "\(description) \(verb) no contract" + (deleted.map { ": \($0)" } ?? "")
        )
    }
}
