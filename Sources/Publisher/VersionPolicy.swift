import Shared

/// Which consumer version numbers our contracts are published under (docs/decisions/version-policy.md).
///
/// A version number belongs to the consumer, so all its contracts move together:
///
/// | Candidate | Version number |
/// |---|---|
/// | 0 | `{branch}-{commit}` |
/// | 1 | `{branch}-{commit}-{digest}`: 7 hex digits of SHA-256 over the consumer's sorted (provider, content) list |
/// | n ≥ 2 | candidate 1 followed by `-n` |
///
/// With ``Settings/VersionPolicyMode/git`` there is candidate 0 only.
struct VersionPolicy: Sendable, Equatable {
    var branch: String
    var commit: String
    var mode: Settings.VersionPolicyMode

    /// Candidates tried for one content of one consumer before it counts as failed.
    static let maximumCandidate = 1000

    /// `{branch}-{commit}`, made safe.
    var base: String { VersionPolicy.safe("\(branch)-\(commit)") }

    /// The version number of a candidate, or `nil` if the policy allows no such candidate.
    func version(candidate: Int, digest: String) -> String? {
        switch candidate {
        case 0: base
        case 1...VersionPolicy.maximumCandidate where mode == .auto:
            candidate == 1 ? "\(base)-\(digest)" : "\(base)-\(digest)-\(candidate)"
        default: nil
        }
    }

    /// Which candidate `version` is for contents with this digest; `nil` if it is none.
    func candidate(of version: String, digest: String) -> Int? {
        if version == base { return 0 }
        guard mode == .auto else { return nil }
        let first = "\(base)-\(digest)"
        if version == first { return 1 }
        guard version.hasPrefix(first + "-"), let number = Int(version.dropFirst(first.count + 1)), number >= 2,
            number <= VersionPolicy.maximumCandidate, version == "\(first)-\(number)"
        else { return nil }
        return number
    }

    /// First 7 hex digits of SHA-256 over the sorted list of (provider, content SHA-256).
    ///
    /// Each provider name is preceded by its length, so that no two lists give the same bytes.
    static func digest(_ contents: [(provider: String, sha256: String)]) -> String {
        var bytes: [UInt8] = []
        let sorted = contents.sorted { $0.provider.utf8.lexicographicallyPrecedes($1.provider.utf8) }
        for (provider, sha256) in sorted {
            bytes += Array("\(provider.utf8.count):\(provider) \(sha256)\n".utf8)
        }
        return String(ContentHash.sha256Hex(bytes).prefix(7))
    }

    /// A sentence for the log and the status when the version number says nothing about the contracts.
    var warning: String? {
        guard commit == "unknown" || commit.isEmpty else { return nil }
        return "GIT_COMMIT is not set: contracts are published as \(base), which names no commit; set GIT_COMMIT "
            + "(and GIT_BRANCH) to the commit they come from, for example from your CI's variables"
    }

    /// The broker takes `.json`, `.yaml`, `.csv` and `.svg` off the end of a path and reads them as a media type, so a
    /// version that ends like that could never be read back (Tests/Fixtures/broker, 24). Line breaks and tabs are a 422.
    private static func safe(_ text: String) -> String {
        var result = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? "-" : $0 }))
        let lower = result.lowercased()
        if ["json", "yaml", "yml", "csv", "svg"].contains(where: { lower.hasSuffix(".\($0)") }) { result += "-v" }
        return result
    }
}
