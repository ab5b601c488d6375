/// What the Kubernetes API must allow us: the rule, for a message, a manifest and a shell.
///
/// Two verbs on the names are enough, for every watch carries `fieldSelector=metadata.name=…` (Tests/Fixtures/kubernetes).
package struct RoleRule: Equatable, Sendable {
    /// Of the ConfigMaps, and so of the Role.
    package var namespace: String
    /// Of the ConfigMaps.
    package var names: [String]
    /// Who asks, `namespace/name`, or the name alone of one in the same namespace; `nil`: not known.
    package private(set) var serviceAccount: String?

    /// Bytes of names in the rule: it must fit whole into a reason of 1 KiB.
    private static let listedBytes = 400

    /// What the commands call the Role and its binding.
    package static let roleName = "pact-mocks-manager"

    /// - Parameter serviceAccount: Whatever is no name counts as not known: it ends up in a command to copy.
    package init(namespace: String, names: [String], serviceAccount: String?) {
        self.namespace = namespace
        self.names = names
        self.serviceAccount = serviceAccount.flatMap { Self.fullName($0, in: namespace) }
    }

    /// YAML on one line: `rules: [{apiGroups: [''], resources: [configmaps], resourceNames: […], verbs: [get, watch]}]`.
    package var rule: String {
        var listed: [String] = []
        var bytes = 0
        for name in names.map(Self.yaml) {
            bytes += name.utf8.count + 2
            if bytes > Self.listedBytes { break }
            listed.append(name)
        }
        let list = listed.joined(separator: ", ")
        // A comment: the line stays YAML.
        let rest = listed.count < names.count ? " # and \(names.count - listed.count) more of CONFIGMAP_NAME" : ""
        return #"rules: [{apiGroups: [''], resources: [configmaps], resourceNames: [\#(list)], verbs: [get, watch]}]"#
            + rest
    }

    /// One sentence without its full stop: what to add where.
    package var advice: String {
        let who = serviceAccount.map { "ServiceAccount \($0)" } ?? "account that asks"
        return "add to a Role in namespace \(namespace) that is bound to the \(who): \(rule)"
    }

    /// The same for a shell: a Role and its binding are made.
    package var commands: String {
        let resourceNames = names.map { "--resource-name=\($0)" }.joined(separator: " ")
        let account = serviceAccount.map { String($0.map { $0 == "/" ? ":" : $0 }) } ?? "NAMESPACE:NAME"
        return "kubectl create role \(Self.roleName) --namespace=\(namespace) --verb=get,watch --resource=configmaps "
            + "\(resourceNames) && kubectl create rolebinding \(Self.roleName) --namespace=\(namespace) "
            + "--role=\(Self.roleName) --serviceaccount=\(account)"
    }

    private static func fullName(_ text: String, in namespace: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1 where KubernetesName.isSubdomain(text): return "\(namespace)/\(text)"
        case 2 where KubernetesName.isLabel(parts[0]) && KubernetesName.isSubdomain(parts[1]): return text
        default: return nil
        }
    }

    /// Names such as `123` or `on` would be read as something else than a text.
    private static func yaml(_ name: String) -> String {
        let isOther = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(name)
        return isOther || name.first?.isNumber == true ? "\"\(name)\"" : name
    }
}
