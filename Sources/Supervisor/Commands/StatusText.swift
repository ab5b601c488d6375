import Shared

/// `manager status` for people: a verdict, then one table per question.
enum StatusText {
    static func lines(_ status: ManagerStatus) -> [String] {
        var lines = [status.verdict.isEmpty ? "" : capitalised(status.verdict) + "."]
        lines += [""] + head(status)
        for (section, problem) in status.problems.sorted(by: { $0.key < $1.key }) {
            lines.append("\(section): cannot be read: \(problem)")
        }
        lines += workers(status) + ConfigMapTable.lines(status) + contracts(status) + invalid(status)
        lines += warnings(status)
        return lines.map(TextTable.escaped)
    }

    private static func head(_ status: ManagerStatus) -> [String] {
        var rows: [[String]] = []
        if let manager = status.processes?.manager {
            let age = status.isRunning ? "up \(duration(status.now - manager.started))" : "not running"
            rows.append(["manager", "\(manager.version), pid \(manager.pid), started \(manager.startedAt), \(age)"])
        } else if let holder = status.holder {
            rows.append(["manager", holder])
        }
        rows.append([
            "state",
            status.stateDirectory ?? "none found in \(status.lookedIn.joined(separator: ", ")) (STATE_DIR)",
        ])
        if let broker = status.broker {
            var text = "\(broker.url), \(broker.status.rawValue)"
            if let version = broker.version { text += ", version \(version)" }
            if let checked = broker.checked { text += ", checked \(duration(status.now - checked)) ago" }
            if let latency = broker.latencyMilliseconds { text += " in \(latency) ms" }
            if broker.status != .ready, let detail = broker.detail { text += ": \(detail)" }
            rows.append(["broker", text])
        }
        if let source = status.source {
            var text = "\(source.description), origin \(source.origin), \(source.status.rawValue), "
            text += "\(counted(source.keys, "key")), \(counted(source.bytes, "byte"))"
            if let readAt = source.readAt { text += ", read \(readAt)" }
            if let detail = source.detail { text += ": \(detail)" }
            rows.append(["source", text])
        }
        return TextTable.lines(rows)
    }

    private static func workers(_ status: ManagerStatus) -> [String] {
        guard let workers = status.processes?.workers, !workers.isEmpty else { return [] }
        var rows = [["WORKER", "STATE", "PID", "UP", "RESTARTS", "LAST EXIT", "HEARTBEAT", "MEMORY"]]
        for worker in workers {
            var state = worker.phase.rawValue
            if worker.crashLooping { state += ", crash-looping" }
            if let next = worker.nextStart, next > status.now { state += ", next in \(duration(next - status.now))" }
            rows.append([
                worker.name, state, worker.pid.map(String.init) ?? "–",
                worker.started.map { duration(status.now - $0) } ?? "–", String(worker.restarts),
                exit(worker.lastExit), worker.lastHeartbeat.map { "\(duration(status.now - $0)) ago" } ?? "–",
                status.residentBytes[worker.name].map { "\($0 >> 10) KiB" } ?? "–",
            ])
        }
        return [""] + TextTable.lines(rows)
    }

    private static func contracts(_ status: ManagerStatus) -> [String] {
        guard let pairs = status.source?.pairs, !pairs.isEmpty else { return [] }
        var rows = [["CONSUMER", "PROVIDER", "STATE", "VERSION", "PUBLISHED", "REASON"]]
        for (index, pair) in pairs.enumerated() {
            let published = status.published[index]
            let state = status.pairStates[index]
            rows.append([
                pair.consumer, pair.provider, state.rawValue, published?.version ?? "–", published?.publishedAt ?? "–",
                firstLine(reason(pair, published) ?? ""),
            ])
        }
        return [""] + TextTable.lines(rows)
    }

    private static func reason(_ pair: DesiredPair, _ published: PublishedPair?) -> String? {
        if let problem = pair.problem { return problem }
        if let failure = published?.failure { return failure.explanation }
        if let superseded = published?.superseded { return "the latest version is \(superseded.version), not ours" }
        return published?.lastError
    }

    private static func invalid(_ status: ManagerStatus) -> [String] {
        guard let source = status.source, !source.invalid.isEmpty else { return [] }
        var lines = ["", "Invalid (\(source.invalidCount)):"]
        // The reason names line and column where there is one.
        for key in source.invalid { lines.append("  \(key.key): \(firstLine(key.reason))") }
        if source.invalidCount > source.invalid.count { lines.append("  … and more") }
        return lines
    }

    private static func warnings(_ status: ManagerStatus) -> [String] {
        let texts = (status.source?.warnings ?? []) + (status.publication?.warnings ?? [])
        guard !texts.isEmpty else { return [] }
        return ["", "Warnings:"] + texts.map { "  " + firstLine($0) }
    }

    private static func exit(_ exit: ProcessesState.Exit?) -> String {
        guard let exit else { return "–" }
        if let name = exit.signalName { return "\(name) at \(exit.at)" }
        if let code = exit.code { return "code \(code) at \(exit.at)" }
        return "\(exit.spawnFailure ?? "unknown") at \(exit.at)"
    }

    static func firstLine(_ text: String) -> String {
        guard let end = text.firstIndex(where: \.isNewline) else { return text }
        return text[..<end] + " …"
    }

    private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// `850 ms`, `12 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`.
    static func duration(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        let seconds = milliseconds / 1000
        switch seconds {
        case 0: return "\(milliseconds) ms"
        case 1..<60: return "\(seconds) s"
        case 60..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case 3600..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
