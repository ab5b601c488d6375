import Shared

/// The contents of one or several ConfigMaps as one source: pure.
struct ConfigMapContent {
    var content = SourceContent()
    /// Things to know, one sentence each.
    var warnings: [String] = []

    /// `kubectl apply` keeps a copy of everything in an annotation; all annotations together have this limit.
    static let annotationLimit = 262_144
    /// Bytes of all values together.
    static let valueLimit = 1_048_576
    /// From here on a warning is due.
    private static func isNear(_ bytes: Int, _ limit: Int) -> Bool { bytes >= limit / 5 * 4 }

    /// - Parameter watches: All that have answered.
    init(_ watches: [ConfigMapWatch]) {
        let hasSeveral = watches.count > 1
        if let first = watches.first(where: \.lacksGet) {
            let rule = RoleRule(
                namespace: first.state.namespace,
                names: watches.map(\.state.name),
                serviceAccount: nil
            )
            warnings.append(
                "the right to get is missing, so that a watch that is dead or behind is found late; \(rule.advice)"
            )
        }
        var ignored: [SourceState.IgnoredKey] = []
        for watch in watches {
            guard let object = watch.object else {
                warnAbsent(watch)
                continue
            }
            warn(object, watch.state.fullName)
            for value in object.values {
                let key = hasSeveral ? "\(object.name)/\(value.key)" : value.key
                if let reason = ContractGrouping.reasonToIgnore(value.key) {
                    ignored.append(SourceState.IgnoredKey(key: key, reason: reason))
                    continue
                }
                let entry: SourceEntry.Content =
                    switch value.content {
                    case .bytes(let bytes): .bytes(bytes)
                    case .unusable(let reason): .unusable(reason: reason)
                    }
                content.entries.append(SourceEntry(key: key, content: entry, group: hasSeveral ? object.name : nil))
            }
        }
        content.entries.sort { $0.key.compareBytes(to: $1.key) < 0 }
        ignored.sort { $0.key.compareBytes(to: $1.key) < 0 }
        content.ignored = Array(ignored.prefix(StateLimits.ignoredKeys))
        content.ignoredCount = ignored.count
    }

    private mutating func warnAbsent(_ watch: ConfigMapWatch) {
        let name = "ConfigMap \(watch.state.fullName)"
        if !watch.isAnswered {
            warnings.append("\(name) cannot be read: \(SourceAssembly.reason(watch))")
        } else if watch.state.wasDelivered {
            warnings.append("\(name) was deleted; what is in the broker stays there")
        } else {
            warnings.append("\(name) does not exist; create it or correct CONFIGMAP_NAME")
        }
    }

    private mutating func warn(_ object: ConfigMapObject, _ name: String) {
        if Self.isNear(object.bytes, Self.valueLimit) {
            warnings.append(
                "ConfigMap \(name) holds \(object.bytes) of at most \(Self.valueLimit) bytes; divide its contracts among "
                    + "several (CONFIGMAP_NAME takes a list)"
            )
        }
        if Self.isNear(object.lastAppliedBytes, Self.annotationLimit) {
            warnings.append(
                "kubectl apply keeps a copy of ConfigMap \(name) in an annotation, \(object.lastAppliedBytes) of at most "
                    + "\(Self.annotationLimit) bytes; use kubectl apply --server-side"
            )
        }
        if object.isBeingDeleted {
            warnings.append("ConfigMap \(name) is being deleted and waits for its finalizers: until then it counts")
        }
    }
}
