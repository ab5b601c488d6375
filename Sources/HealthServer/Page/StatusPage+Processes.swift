internal import Shared

/// Who waits, and the manager's own processes.
extension StatusPage {
    func waiting(_ writer: inout HTMLWriter) {
        writer.section("waiting", "Waiting") { writer in
            if subject.streams > 0 {
                writer.element("p", text: "Streams of /events: \(subject.streams).")
            }
            guard !subject.waiting.isEmpty else {
                writer.element("p", text: "Nobody waits for a contract.")
                return
            }
            let caption = "Held requests for a provider: \(subject.waiters)"
            let columns: [StaticString] = ["Waits for", "Requests", "Longest since", "From"]
            writer.table("waiting", caption: caption, columns: columns) { writer in
                for group in subject.waiting.prefix(WaitingGroup.shown) { writer.element("tr") { row(group, &$0) } }
            }
            if subject.waiting.count > WaitingGroup.shown {
                writer.element("p", text: "and for \(subject.waiting.count - WaitingGroup.shown) other things")
            }
        }
    }

    private func row(_ group: WaitingGroup, _ writer: inout HTMLWriter) {
        writer.element("th", "scope=\"row\" class=\"wide\"") { writer in
            writer.name(group.query.provider)
            if let consumer = group.query.consumer {
                writer.markup(", consumer ")
                writer.name(consumer)
            }
            if let revision = group.query.revision {
                writer.markup(", revision ")
                writer.code(revision, limit: 64)
            }
        }
        writer.element("td") { $0.number(group.count) }
        writer.element("td", "class=\"wide\"") { $0.time(clock.timestamp(group.since), clock) }
        writer.element("td", "class=\"wide\"") { writer in
            for (index, address) in group.addresses.enumerated() {
                if index > 0 { writer.markup("<br>") }
                writer.code(address)
            }
        }
    }

    func workers(_ writer: inout HTMLWriter) {
        writer.section("workers", "Processes") { writer in
            guard let processes = sections.processes else {
                writer.element("p", text: "No manager watches over this process, or it has not written yet.")
                return
            }
            let columns: [StaticString] = ["Process", "State", "Restarts", "Last exit", "Memory", "PID"]
            writer.table("workers", caption: "The manager and its workers", columns: columns) { writer in
                writer.element("tr") { manager(processes, &$0) }
                for worker in processes.workers.prefix(Self.listed) { writer.element("tr") { row(worker, &$0) } }
            }
        }
    }

    private func manager(_ processes: ProcessesState, _ writer: inout HTMLWriter) {
        writer.element("th", "scope=\"row\" class=\"word\"") { $0.markup("manager") }
        writer.element("td", "class=\"wide\"") { writer in
            if processes.stopping {
                writer.state("stopping", mark: "…", kind: .busy)
            } else {
                let isAlive = evaluation.liveness.isAlive
                writer.state(isAlive ? "alive" : "silent", mark: isAlive ? "✓" : "✕", kind: isAlive ? .good : .bad)
            }
            writer.markup("<br>since ")
            writer.time(processes.manager.startedAt, clock)
        }
        writer.markup("<td>–</td><td>–</td>")
        writer.element("td", "class=\"live\"", text: memoryText(processes.manager.pid, parent: nil))
        writer.element("td", text: "\(processes.manager.pid)")
    }

    private func row(_ worker: ProcessesState.Worker, _ writer: inout HTMLWriter) {
        writer.element("th", "scope=\"row\" class=\"word\"") { $0.name(worker.name) }
        writer.element("td", "class=\"wide\"") { writer in
            if worker.crashLooping {
                writer.state("crash-looping", mark: "✕", kind: .bad)
            } else {
                let isReady = worker.phase == .ready
                let isWaiting = worker.phase == .waiting
                writer.state(
                    isWaiting && worker.lastExit != nil ? "restarting" : worker.phase.rawValue,
                    mark: isReady ? "✓" : "…",
                    kind: isReady ? .good : isWaiting ? .warn : .busy
                )
            }
            if let started = worker.started {
                writer.markup("<br>since ")
                writer.time(clock.timestamp(started), clock)
            } else if let next = worker.nextStart {
                writer.markup("<br>next start ")
                writer.time(clock.timestamp(next), clock)
            }
        }
        writer.element("td", text: Self.reasons(worker.restartsByReason))
        writer.element("td", "class=\"wide\"") { writer in
            guard let exit = worker.lastExit else {
                writer.markup("none")
                return
            }
            writer.name(Self.words(exit), limit: StateLimits.reasonBytes)
            writer.markup("<br>")
            writer.time(exit.at, clock)
        }
        writer.element(
            "td",
            "class=\"live\"",
            text: worker.pid.map { memoryText($0, parent: sections.processes?.manager.pid) } ?? "–"
        )
        writer.element("td", text: worker.pid.map { "\($0)" } ?? "–")
    }

    private static func words(_ exit: ProcessesState.Exit) -> String {
        if let failure = exit.spawnFailure { return "could not be started: \(failure)" }
        if let signal = exit.signal { return "signal \(exit.signalName ?? "\(signal)")" }
        return exit.code.map { "exit code \($0)" } ?? "unknown"
    }

    /// Process ids mean something only where the manager runs as it did when it wrote them.
    private func memoryText(_ pid: Int32, parent: Int32?) -> String {
        guard sections.processes?.manager.bootID == situation.rules.bootID, let bytes = memory(pid, parent) else {
            return "–"
        }
        return "\((Double(bytes) / 104_857.6).rounded() / 10) MiB"
    }
}
