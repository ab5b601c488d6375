import Shared
import TestSupport
import Testing

/// deploy/kubernetes/base/rbac.yaml grants what the watcher's message asks for: no more, no less.
@Suite struct RoleManifestTests {
    /// One object of the file, its lines without comments.
    private struct Manifest {
        var lines: [String]

        var kind: String { value("kind: ") ?? "" }

        /// What follows `prefix` on a line that begins with it, spaces included.
        func value(_ prefix: String) -> String? {
            lines.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        }

        /// The lines below `key:`, up to the next line that is not indented.
        func block(_ key: String) -> [String] {
            guard let start = lines.firstIndex(of: "\(key):") else { return [] }
            return lines[(start + 1)...].prefix { $0.hasPrefix(" ") }.map { String($0.drop { $0 == " " }) }
        }
    }

    private static func manifests() throws -> [Manifest] {
        let text = try RepositoryFile.text("deploy/kubernetes/base/rbac.yaml")
        let lines = text.split(separator: "\n").map(String.init)
            .filter { !$0.drop { $0 == " " }.hasPrefix("#") }
        return lines.split(separator: "---").map { Manifest(lines: Array($0)) }
    }

    private static func manifest(_ kind: String) throws -> Manifest {
        try #require(manifests().first { $0.kind == kind })
    }

    private let role = RoleRule(
        namespace: "secret-manager-controller-pact-broker",
        names: ["pact-contracts"],
        serviceAccount: "secret-manager-controller-pact-broker/\(RoleRule.roleName)"
    )

    @Test func theRoleIsTheRuleOfTheMessage() throws {
        let manifest = try Self.manifest("Role")
        let block = manifest.block("rules")
        #expect(block.filter { $0.hasPrefix("- ") }.count == 1, "one rule")
        let members = block.map { $0.hasPrefix("- ") ? String($0.dropFirst(2)) : $0 }.joined(separator: ", ")
        #expect("rules: [{\(members)}]" == role.rule)
        #expect(manifest.block("metadata") == ["name: \(RoleRule.roleName)", "namespace: \(role.namespace)"])
    }

    @Test func theBindingGivesItToTheServiceAccountAlone() throws {
        let binding = try Self.manifest("RoleBinding")
        let own = ["name: \(RoleRule.roleName)", "namespace: \(role.namespace)"]
        #expect(binding.block("metadata") == own)
        let subject = ["- kind: ServiceAccount"] + own
        #expect(binding.block("subjects") == subject)
        let reference = ["apiGroup: rbac.authorization.k8s.io", "kind: Role", "name: \(RoleRule.roleName)"]
        #expect(binding.block("roleRef") == reference)
        let account = try Self.manifest("ServiceAccount")
        #expect(account.block("metadata") == own)
        #expect(account.value("automountServiceAccountToken: ") == "true")
        #expect(role.serviceAccount == "secret-manager-controller-pact-broker/pact-mocks-manager")
        #expect(try Self.manifests().map(\.kind) == ["ServiceAccount", "Role", "RoleBinding"])
    }

    /// docs/kubernetes-api.md shows the same rule.
    @Test func thePageNamesTheRule() throws {
        #expect(try RepositoryFile.text("docs/kubernetes-api.md").contains(role.rule))
    }
}
