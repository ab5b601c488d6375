extension SourceState {
    /// The directory stands in for an API that cannot be used: `directory (API: forbidden)`.
    package var isFallback: Bool { origin.hasPrefix("\(Self.directoryOrigin) (\(Self.apiOrigin)") }

    /// How the sentence in ``warnings`` begins that says why, and what to do.
    package static let fallbackWarning = "contracts come from the directory"

    /// Were delivered in this run and are gone now.
    package var deletedConfigMaps: [ConfigMapState] { configMaps.filter(\.isDeleted) }

    /// What is missing of the source although the rest of it delivers; `nil`: nothing.
    package func missingParts(atMost limit: Int = 3) -> String? {
        let missing = missingConfigMaps
        guard !missing.isEmpty else { return nil }
        let rest = missing.count > limit ? " and \(missing.count - limit) more" : ""
        return missing.prefix(limit).map(\.absence).joined(separator: "; ") + rest
    }
}

extension ConfigMapState {
    package var isDeleted: Bool { wasDelivered && presence == .absent }

    /// Why a ConfigMap that was never delivered was not: one sentence.
    package var absence: String {
        if let problem { return "ConfigMap \(fullName) cannot be read (\(problem.code)): \(problem.detail)" }
        return presence == .absent ? "ConfigMap \(fullName) does not exist" : "ConfigMap \(fullName) is not read yet"
    }
}
