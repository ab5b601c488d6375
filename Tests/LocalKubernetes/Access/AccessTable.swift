import Shared

/// Who may do what: service accounts with their tokens and rules, and the administrator.
struct AccessTable: Sendable {
    /// A part of a Role.
    struct Rule: Equatable, Sendable {
        var verbs: [String]
        /// Empty for all names.
        var names: [String] = []
        /// Empty for the account's own.
        var namespaces: [String] = []
    }

    struct Account: Equatable, Sendable {
        var namespace: String
        var name: String
        var tokens: [String]
        var rules: [Rule]

        var user: String { "system:serviceaccount:\(namespace):\(name)" }
    }

    /// Whose request it is.
    enum Identity: Equatable, Sendable {
        case administrator
        case account(Account)
        case anonymous

        var user: String {
            switch self {
            case .administrator: "admin"
            case .account(let account): account.user
            case .anonymous: "system:anonymous"
            }
        }
    }

    /// What a request wants, as authorisation sees it.
    struct Attributes: Equatable, Sendable {
        /// `get`, `list`, `watch`, `create` …
        var verb: String
        var namespace: String
        /// The object's name, for a list or watch the one name its field selector leaves.
        var name: String?
    }

    private let administratorToken: String
    private(set) var accounts: [Account] = []

    init(administratorToken: String) {
        self.administratorToken = administratorToken
    }

    /// - Parameter authorization: The header.
    /// - Returns: `nil` for a token nobody has: 401.
    func identity(_ authorization: String?) -> Identity? {
        guard let words = authorization?.split(separator: " "), words.first?.lowercased() == "bearer" else {
            return .anonymous
        }
        guard words.count == 2 else { return .anonymous }
        let token = String(words[1])
        if token == administratorToken { return .administrator }
        return accounts.first { $0.tokens.contains(token) }.map { .account($0) }
    }

    /// The refusal, or `nil` if the rules allow it.
    static func refusal(_ identity: Identity, _ wanted: Attributes) -> APIStatus? {
        if identity == .administrator { return nil }
        if case .account(let account) = identity, account.rules.contains(where: { allows($0, account, wanted) }) {
            return nil
        }
        let object = wanted.name.map { "configmaps \"\($0)\"" } ?? "configmaps"
        let place = wanted.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(wanted.namespace)\""
        return APIStatus(
            code: 403,
            message: "\(object) is forbidden: User \"\(identity.user)\" cannot \(wanted.verb) resource \"configmaps\" "
                + "in API group \"\" \(place)",
            reason: "Forbidden",
            name: wanted.name,
            kind: "configmaps"
        )
    }

    private static func allows(_ rule: Rule, _ account: Account, _ wanted: Attributes) -> Bool {
        let namespaces = rule.namespaces.isEmpty ? [account.namespace] : rule.namespaces
        let hasName = rule.names.isEmpty || wanted.name.map { rule.names.contains($0) } ?? false
        return (rule.verbs.contains(wanted.verb) || rule.verbs.contains("*"))
            && (namespaces.contains(wanted.namespace) || namespaces.contains("*")) && hasName
    }

    /// Why it is allowed, in RBAC's words (recording 05); `nil` if it is not. Role and binding have the account's name.
    static func permission(_ identity: Identity, _ wanted: Attributes) -> String? {
        guard refusal(identity, wanted) == nil else { return nil }
        // The administrator's group is let through before RBAC is asked, without a word (apiserver, PrivilegedGroups).
        guard case .account(let account) = identity else { return "" }
        let name = account.name
        return "RBAC: allowed by RoleBinding \"\(name)/\(account.namespace)\" of Role \"\(name)\" to ServiceAccount "
            + "\"\(name)/\(account.namespace)\""
    }

    // MARK: change

    /// Adds accounts, or replaces those of the same name.
    mutating func set(_ new: [Account]) {
        for account in new {
            accounts.removeAll { $0.namespace == account.namespace && $0.name == account.name }
            accounts.append(account)
        }
    }

    /// The account's tokens become invalid, and this one valid.
    ///
    /// - Returns: Whether there is such an account.
    mutating func rotate(_ account: String, to token: String) -> Bool {
        guard let index = accounts.firstIndex(where: { "\($0.namespace)/\($0.name)" == account }) else { return false }
        accounts[index].tokens = [token]
        return true
    }

    /// `[{"account": "NS/NAME", "tokens": [...], "rules": [{"verbs": [...], "names": [...]}]}]`, or one of them.
    static func accounts(_ json: JSONValue) throws(ControlError) -> [Account] {
        var result: [Account] = []
        for entry in json.array ?? [json] {
            let parts = entry["account"]?.string?.split(separator: "/").map(String.init) ?? []
            guard parts.count == 2 else { throw ControlError("\"account\" must be NAMESPACE/NAME") }
            let rules = (entry["rules"]?.array ?? [])
                .map { rule in
                    Rule(
                        verbs: texts(rule["verbs"]),
                        names: texts(rule["names"]),
                        namespaces: texts(rule["namespaces"])
                    )
                }
            if let empty = rules.first(where: \.verbs.isEmpty) {
                throw ControlError("a rule without \"verbs\": \(empty)")
            }
            result.append(Account(namespace: parts[0], name: parts[1], tokens: texts(entry["tokens"]), rules: rules))
        }
        return result
    }

    private static func texts(_ json: JSONValue?) -> [String] { json?.array?.compactMap(\.string) ?? [] }
}

/// What is wrong with a command of a test, for the person who wrote it.
struct ControlError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
