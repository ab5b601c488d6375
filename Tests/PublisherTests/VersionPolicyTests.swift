import Shared
import Testing

@testable import Publisher

@Suite("Version numbers")
struct VersionPolicyTests {
    let policy = VersionPolicy(branch: "main", commit: "abc", mode: .auto)

    @Test func `candidates are the base, the digest and then numbers`() {
        let versions = (0...3).map { policy.version(candidate: $0, digest: "1234567") }
        #expect(versions == ["main-abc", "main-abc-1234567", "main-abc-1234567-2", "main-abc-1234567-3"])
        for (candidate, version) in versions.enumerated() {
            #expect(policy.candidate(of: version ?? "", digest: "1234567") == candidate)
        }
        for other in [
            "main-abd", "main-abc-7654321", "main-abc-1234567-1", "main-abc-1234567-02", "main-abc-1234567-x",
        ] {
            #expect(policy.candidate(of: other, digest: "1234567") == nil, "\(other)")
        }
    }

    @Test func `git allows the base only`() {
        let git = VersionPolicy(branch: "main", commit: "abc", mode: .git)
        #expect(git.version(candidate: 0, digest: "1234567") == "main-abc")
        #expect(git.version(candidate: 1, digest: "1234567") == nil)
    }

    @Test func `the digest depends on every provider and content and not on their order`() {
        let list = [(provider: "a", sha256: "1"), (provider: "b", sha256: "2")]
        let digest = VersionPolicy.digest(list)
        #expect(digest.count == 7)
        #expect(digest.allSatisfy { $0.isHexDigit })
        #expect(VersionPolicy.digest(list.reversed()) == digest)
        #expect(VersionPolicy.digest([(provider: "a", sha256: "2"), (provider: "b", sha256: "2")]) != digest)
        #expect(VersionPolicy.digest([(provider: "a", sha256: "1")]) != digest)
        // Computed by hand: sha256("1:a 1\n1:b 2\n").
        #expect(digest == "8c175cb")
    }

    @Test(arguments: ["json", "yaml", "csv", "svg", "JSON"])
    func `no version ends like a file of which the broker would cut the end`(suffix: String) {
        let policy = VersionPolicy(branch: "main", commit: "abc.\(suffix)", mode: .auto)
        #expect(policy.base == "main-abc.\(suffix)-v")
    }

    @Test func `branches with slashes stay and control characters do not`() {
        #expect(VersionPolicy(branch: "feat/x", commit: "abc", mode: .auto).base == "feat/x-abc")
        #expect(VersionPolicy(branch: "a\tb", commit: "c", mode: .auto).base == "a-b-c")
    }

    @Test func `an unknown commit gives a warning that says how to set it`() {
        #expect(policy.warning == nil)
        let warning = VersionPolicy(branch: "main", commit: "unknown", mode: .auto).warning
        #expect(warning?.contains("GIT_COMMIT") == true)
    }
}
