import Shared
import Testing

/// The rule that a message asks for: read by people, by YAML and by a shell.
@Suite struct RoleRuleTests {
    @Test func saysTheRuleInOneLine() {
        let role = RoleRule(namespace: "pact", names: ["pact-contracts"], serviceAccount: "pact/pact-mocks-manager")
        let rule =
            #"rules: [{apiGroups: [''], resources: [configmaps], resourceNames: [pact-contracts], verbs: [get, watch]}]"#
        #expect(role.rule == rule)
        let advice =
            "add to a Role in namespace pact that is bound to the ServiceAccount pact/pact-mocks-manager: \(rule)"
        #expect(role.advice == advice)
        let commands =
            "kubectl create role pact-mocks-manager --namespace=pact --verb=get,watch --resource=configmaps "
            + "--resource-name=pact-contracts && kubectl create rolebinding pact-mocks-manager --namespace=pact "
            + "--role=pact-mocks-manager --serviceaccount=pact:pact-mocks-manager"
        #expect(role.commands == commands)
    }

    @Test func namesEveryConfigMapAndQuotesWhatYAMLWouldTakeForANumber() {
        let role = RoleRule(namespace: "pact", names: ["a", "123", "1e3", "on", "b.c"], serviceAccount: nil)
        #expect(role.rule.contains(#"resourceNames: [a, "123", "1e3", "on", b.c]"#))
        #expect(role.commands.contains("--resource-name=a --resource-name=123 --resource-name=1e3"))
        #expect(role.advice.hasPrefix("add to a Role in namespace pact that is bound to the account that asks: "))
        #expect(role.commands.hasSuffix("--serviceaccount=NAMESPACE:NAME"))
    }

    @Test(arguments: [
        ("sa", "pact/sa"), ("other/sa", "other/sa"), ("x; rm -rf /", nil), ("a/b/c", nil), ("", nil), ("A", nil),
    ])
    func takesAnAccountOnlyIfItIsAName(_ given: String, _ kept: String?) {
        #expect(RoleRule(namespace: "pact", names: ["a"], serviceAccount: given).serviceAccount == kept)
    }
}
