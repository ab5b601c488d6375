/// Which ConfigMaps a list or a watch is about.
struct Selection: Equatable, Sendable {
    struct Term: Equatable, Sendable {
        enum Test: Equatable, Sendable {
            case equals(String)
            case differs(String)
            case exists
            case absent
        }

        var key: String
        var test: Test

        func accepts(_ value: String?) -> Bool {
            switch test {
            case .equals(let wanted): value == wanted
            case .differs(let unwanted): value != unwanted
            case .exists: value != nil
            case .absent: value == nil
            }
        }
    }

    /// `nil` for all.
    var namespace: String?
    var fields: [Term] = []
    var labels: [Term] = []

    /// - Throws: ``APIStatus`` 400 for fields a ConfigMap cannot be selected by.
    init(namespace: String?, fieldSelector: String, labelSelector: String) throws(APIStatus) {
        self.namespace = namespace
        fields = Self.terms(fieldSelector)
        labels = Self.terms(labelSelector)
        guard let unknown = fields.first(where: { !["metadata.name", "metadata.namespace"].contains($0.key) })
        else { return }
        throw .badRequest(
            "Unable to find \"/v1, Resource=configmaps\" that match label selector \"\(labelSelector)\", "
                + "field selector \"\(fieldSelector)\": \"\(unknown.key)\" is not a known field selector: "
                + "only \"metadata.name\", \"metadata.namespace\""
        )
    }

    /// The one name that is selected, which is what a role's `resourceNames` are compared with.
    static func name(in fieldSelector: String) -> String? {
        let names = terms(fieldSelector)
            .compactMap { term -> String? in
                if term.key == "metadata.name", case .equals(let name) = term.test { name } else { nil }
            }
        return names.first
    }

    func accepts(_ map: ConfigMap) -> Bool {
        if let namespace, namespace != map.namespace { return false }
        let hasFields = fields.allSatisfy { $0.accepts($0.key == "metadata.name" ? map.name : map.namespace) }
        return hasFields && labels.allSatisfy { $0.accepts(map.labels[$0.key]) }
    }

    private static func terms(_ text: String) -> [Term] {
        text.split(separator: ",")
            .map { part in
                for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
                    guard let range = part.firstRange(of: sign) else { continue }
                    let value = String(part[range.upperBound...])
                    return Term(
                        key: String(part[..<range.lowerBound]),
                        test: isEqual ? .equals(value) : .differs(value)
                    )
                }
                if part.hasPrefix("!") { return Term(key: String(part.dropFirst()), test: .absent) }
                return Term(key: String(part), test: .exists)
            }
    }
}
