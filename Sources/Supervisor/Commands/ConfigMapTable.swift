import Shared

/// How each ConfigMap is followed through the Kubernetes API, for `manager status`; nothing where the API is not asked.
enum ConfigMapTable {
    private static let head = [
        "CONFIGMAP", "STATE", "CONNECTED SINCE", "LAST BYTE", "VERSION", "RESTARTS", "PROBLEM",
    ]

    static func lines(_ status: ManagerStatus) -> [String] {
        guard let configMaps = status.source?.configMaps, !configMaps.isEmpty else { return [] }
        let rows = configMaps.map { configMap in
            [
                configMap.fullName, state(configMap), configMap.connectedSince ?? "–",
                configMap.lastByte.map { "\(StatusText.duration(status.now - $0)) ago" } ?? "–",
                configMap.resourceVersion ?? "–", restarts(configMap), problem(configMap, status.now),
            ]
        }
        return [""] + TextTable.lines([head] + rows)
    }

    /// `watching`, `watching, deleted`, `watching, does not exist`.
    private static func state(_ configMap: ConfigMapState) -> String {
        let connection = configMap.connection.rawValue
        if configMap.isDeleted { return "\(connection), deleted" }
        return configMap.presence == .absent ? "\(connection), does not exist" : connection
    }

    /// `expired 2, dropped 1`: the most frequent first.
    private static func restarts(_ configMap: ConfigMapState) -> String {
        let restarts = configMap.restarts.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return restarts.isEmpty ? "0" : restarts.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private static func problem(_ configMap: ConfigMapState, _ now: MonotonicTime) -> String {
        guard let problem = configMap.problem else { return "–" }
        let age = configMap.problemSince.map { " for \(StatusText.duration(now - $0))" } ?? ""
        // The sentence stands with the source.
        return "\(problem.code)\(age)"
    }
}
