internal import Shared

/// Where the contracts go to, and where they come from.
extension StatusPage {
    func broker(_ writer: inout HTMLWriter) {
        writer.section("broker", "Broker") { writer in
            guard let broker = sections.broker else {
                writer.element("p", text: "Not looked at yet.")
                return
            }
            writer.element("dl") { writer in
                writer.entry("URL") { $0.code(broker.url, limit: 1024) }
                writer.entry("State") { writer in
                    let isReady = broker.status == .ready
                    let isUnknown = broker.status == .unknown
                    writer.state(
                        broker.status.rawValue,
                        mark: isReady ? "✓" : isUnknown ? "…" : "✕",
                        kind: isReady ? .good : isUnknown ? .busy : .bad
                    )
                    if let since = broker.since {
                        writer.markup(" since ")
                        writer.time(since, clock)
                    }
                }
                writer.entry("Version", text: broker.version)
                writer.entry("Last check") { writer in
                    if let checked = broker.checkedAt { writer.time(checked, clock) } else { writer.markup("none yet") }
                    if let latency = broker.latencyMilliseconds {
                        writer.element("span", "class=\"live\"", text: ", took \(latency) ms")
                    }
                }
                if let success = broker.lastSuccessAt, broker.status != .ready {
                    writer.entry("Last success") { $0.time(success, clock) }
                }
                writer.entry("Last error", text: broker.detail ?? (broker.status == .ready ? "none" : nil))
                if broker.consecutiveFailures > 0 {
                    writer.entry("Failed in a row") { $0.number(broker.consecutiveFailures) }
                }
                if let verified = sections.publication?.verifiedAt {
                    writer.entry("Contracts read back") { $0.time(verified, clock) }
                }
                if let queue = sections.publication?.queueLength, queue > 0 {
                    writer.entry("Waiting to be sent") { $0.number(queue) }
                }
            }
            writer.sentences(sections.publication?.warnings ?? [])
        }
    }

    func source(_ writer: inout HTMLWriter) {
        writer.section("source", "Source") { writer in
            guard let source = sections.source else {
                writer.element("p", text: "Not read yet: \(situation.rules.sourceDescription).")
                return
            }
            writer.element("dl") { writer in
                writer.entry("From", text: source.description)
                writer.entry("Comes through", text: source.origin)
                writer.entry("State") { writer in
                    let isPresent = source.status == .present
                    writer.state(source.status.rawValue, mark: isPresent ? "✓" : "!", kind: isPresent ? .good : .warn)
                }
                writer.entry("Detail", text: source.detail)
                if let read = source.readAt { writer.entry("Last good read") { $0.time(read, clock) } }
                writer.entry("Content", text: "\(counted(source.keys, "file")), \(source.bytes) bytes")
            }
            writer.sentences(source.warnings)
            if !source.configMaps.isEmpty { configMaps(source.configMaps, &writer) }
        }
    }

    private func configMaps(_ all: [ConfigMapState], _ writer: inout HTMLWriter) {
        let columns: [StaticString] = [
            "ConfigMap", "Connection", "Problem", "Connected since", "Last byte", "resourceVersion", "Restarts",
        ]
        writer.table("configmaps", caption: "ConfigMaps, through the Kubernetes API", columns: columns) { writer in
            for configMap in all.prefix(Self.listed) {
                writer.element("tr") { row(configMap, &$0) }
            }
        }
    }

    private func row(_ configMap: ConfigMapState, _ writer: inout HTMLWriter) {
        writer.element("th", "scope=\"row\" class=\"wide\"") { $0.name(configMap.fullName) }
        writer.element("td") { writer in
            let isWatching = configMap.connection == .watching && configMap.problem == nil
            writer.state(
                configMap.connection.rawValue,
                mark: isWatching ? "✓" : "!",
                kind: isWatching ? .good : .warn
            )
            writer.markup("<br>")
            writer.text(configMap.isDeleted ? "deleted" : configMap.presence.rawValue)
        }
        writer.element("td", "class=\"why\"") { writer in
            guard let problem = configMap.problem else {
                writer.markup("–")
                return
            }
            writer.name("\(problem.code): \(problem.detail)", limit: StateLimits.reasonBytes + 100)
            if let since = configMap.problemSince {
                writer.markup(" since ")
                writer.time(clock.timestamp(since), clock)
            }
        }
        writer.element("td", "class=\"wide\"") { writer in
            if let since = configMap.connectedSince { writer.time(since, clock) } else { writer.markup("–") }
        }
        writer.element("td", "class=\"wide\"") { writer in
            if let last = configMap.lastByte { writer.time(clock.timestamp(last), clock) } else { writer.markup("–") }
        }
        writer.element("td") { writer in
            if let version = configMap.resourceVersion { writer.code(version) } else { writer.markup("–") }
        }
        writer.element("td", text: StatusPage.reasons(configMap.restarts))
    }

    /// `3: dropped 2, ended 1`, or `0`.
    static func reasons(_ counts: [String: Int]) -> String {
        let all = counts.values.reduce(0, +)
        guard all > 0 else { return "0" }
        let named = counts.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return "\(all): " + named.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
