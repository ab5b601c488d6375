import Shared

/// What the manager tells whoever started it (systemd, `Type=notify`), decided from what the supervisor is about.
///
/// | State | Message | When |
/// |---|---|---|
/// | starting | – | until the health server is ready for the first time: the port answers |
/// | running | `READY=1` | then, and when a reload has gone round |
/// | reloading | `RELOADING=1` | SIGHUP was seen |
/// | stopping | `STOPPING=1` | SIGTERM or SIGINT was seen; nothing follows but the watchdog |
///
/// A broker or a source that is not there is no reason to be not ready: then systemd would start us again and again.
struct ServiceReport: Equatable, Sendable {
    /// What was said last.
    enum State: Equatable, Sendable {
        case starting
        case running
        case reloading
        case stopping
    }

    private(set) var state = State.starting
    private(set) var status = ""
    /// A third of what systemd allows, as our own workers do it: one that cannot be sent is dropped and counts as sent,
    /// and the next must still come in time. `nil`: it does not wait for heartbeats.
    let watchdogInterval: Duration?
    private var lastHeartbeat: MonotonicTime?

    /// - Parameter watchdogLimit: `WATCHDOG_USEC`, if it is meant for this process.
    init(watchdogLimit: Duration?) {
        watchdogInterval = watchdogLimit.map { max($0 / 3, Self.leastInterval) }
    }

    /// However short a unit's WatchdogSec is, the supervisor does not turn into a clock.
    static let leastInterval = Duration.milliseconds(100)

    /// SIGHUP: said even if the reload is over within the same event, for systemd waits for the pair.
    mutating func reloadBegins() -> [ServiceMessage] {
        guard state == .running else { return [] }
        state = .reloading
        return [.reloading]
    }

    /// What has become true with an event.
    mutating func update(_ core: SupervisorCore, now: MonotonicTime) -> [ServiceMessage] {
        var messages: [ServiceMessage] = []
        if core.mode != .running {
            if state != .stopping { messages.append(.stopping) }
            state = .stopping
        } else {
            if state == .starting, core.isHealthServerReady {
                state = .running
                messages.append(.ready)
            }
            if state == .reloading, core.reloadQueue.isEmpty {
                state = .running
                messages.append(.ready)
            } else if state == .running, !core.reloadQueue.isEmpty {
                messages += reloadBegins()
            }
        }
        let text = Self.status(core, now: now)
        if text != status {
            status = text
            messages.append(.status(text))
        }
        return messages
    }

    /// At a tick of the supervisor: a heartbeat, if there is no other tick before a third of the limit is over.
    mutating func heartbeat(now: MonotonicTime, nextTick: MonotonicTime) -> ServiceMessage? {
        guard let watchdogInterval else { return nil }
        if let lastHeartbeat, nextTick - lastHeartbeat <= watchdogInterval { return nil }
        lastHeartbeat = now
        return .heartbeat
    }

    /// One line for `systemctl status`: who does not run, and why; nothing that time alone changes.
    private static func status(_ core: SupervisorCore, now: MonotonicTime) -> String {
        guard core.mode == .running else { return "stopping" }
        var absent: [String] = []
        for worker in core.workers {
            if case .ready = worker.phase { continue }
            let why = worker.isCrashLooping(at: now) ? "crash-looping" : worker.phase.word
            absent.append("\(worker.name.rawValue) \(why)")
        }
        if !core.reloadQueue.isEmpty {
            return (["restarting the workers one after the other"] + absent).joined(separator: "; ")
        }
        return absent.isEmpty ? "all workers run" : absent.joined(separator: ", ")
    }
}

/// One message to whoever started the manager (sd_notify(3)).
enum ServiceMessage: Equatable, Sendable {
    case ready
    case reloading
    case stopping
    case status(String)
    case heartbeat

    /// The assignments, one per line.
    ///
    /// - Parameter time: When it was decided: systemd (253 and newer, `Type=notify-reload`) compares it with when it
    ///   sent SIGHUP, in microseconds of CLOCK_MONOTONIC.
    func text(_ time: MonotonicTime) -> String {
        switch self {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(time.nanoseconds / 1000)"
        case .stopping: "STOPPING=1"
        case .status(let text): "STATUS=\(text)"
        case .heartbeat: "WATCHDOG=1"
        }
    }
}

extension SupervisorCore {
    fileprivate var isHealthServerReady: Bool {
        if case .ready? = workers.first(where: { $0.name == .healthServer })?.phase { return true }
        return false
    }
}

extension WorkerStateMachine.Phase {
    fileprivate var word: String {
        switch self {
        case .waiting: "waits for its restart"
        case .spawning, .starting: "starts"
        case .ready: "runs"
        case .aborting: "hangs"
        case .stopping: "stops"
        case .stopped: "stopped"
        }
    }
}
