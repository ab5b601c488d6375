extension SettingCatalog {
    /// Variables that look like a misspelt setting of ours, each as a sentence for a warning.
    ///
    /// One with a prefix that our settings have, or one that is an edit or two away from a setting. What Kubernetes sets
    /// for Services whose names make such variables (`BROKER_SERVICE_HOST`, `BROKER_PORT_80_TCP`) is none.
    package static func suspects(in environment: ProcessEnvironment) -> [String] {
        environment.variables.keys.sorted()
            .compactMap { name in
                guard !known.contains(name), !name.isServiceLink else { return nil }
                let nearest = known.map { ($0, distance(name, $0)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
                guard let (setting, edits) = nearest else { return nil }
                if edits <= (name.utf8.count < 8 ? 1 : 2) { return "\(name) is no setting; did you mean \(setting)?" }
                guard prefixes.contains(where: name.hasPrefix) else { return nil }
                let hint = edits <= 4 ? "did you mean \(setting)?" : "--help lists all settings"
                return "\(name) is no setting; \(hint)"
            }
    }

    private static let prefixes = ["BROKER_", "CONFIGMAP_", "HEALTH_", "KUBERNETES_"]
    private static let known = Set(all.flatMap { $0.isSecret ? [$0.name, "\($0.name)_FILE"] : [$0.name] })

    /// Insertions, deletions, replacements and swaps of neighbours that make one text the other (optimal string
    /// alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.utf8)
        let b = Array(second.utf8)
        // More than we would ever call similar.
        guard abs(a.count - b.count) <= 4 else { return abs(a.count - b.count) }
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var edits = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, before[j - 1] + 1) }
                row.append(edits)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}

extension String {
    /// A variable that Kubernetes sets for a Service (`…_SERVICE_HOST`, `…_SERVICE_PORT[_NAME]`, `…_PORT[_80_TCP[_ADDR]]`).
    fileprivate var isServiceLink: Bool {
        // Of the API's own Service, in every container.
        if self == "KUBERNETES_PORT" { return true }
        let words = split(separator: "_")
        for (index, word) in words.enumerated() where index > 0 {
            let rest = words[(index + 1)...]
            if word == "SERVICE", rest.first == "HOST" || rest.first == "PORT" { return true }
            if word == "PORT", rest.count >= 2, UInt16(rest.first ?? "") != nil { return true }
        }
        return false
    }
}
