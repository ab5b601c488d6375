import Logging
import Shared

extension SupervisorLogEntry {
    /// The line's level: what a person should look at is a warning.
    var level: Logger.Level {
        switch self {
        case .exited, .spawnFailed, .crashLooping, .hung, .killed: .warning
        case .stopping, .stopHurried, .reloading, .reloaded: .info
        }
    }

    /// The constant message.
    var message: String {
        switch self {
        case .exited: "worker exited"
        case .spawnFailed: "worker could not be started"
        case .crashLooping: "worker is crash-looping"
        case .hung: "worker hangs and is aborted"
        case .killed: "worker is killed"
        case .stopping: "stopping"
        case .stopHurried: "second stop signal: not waiting any longer"
        case .reloading: "restarting the workers one after the other"
        case .reloaded: "all workers restarted"
        }
    }

    /// The values, in dotted keys.
    var fields: [(String, String)] {
        switch self {
        case .exited(let name, let pid, let status, let delay):
            [("worker", name.rawValue), ("worker.pid", "\(pid)"), status.field, Self.restart(delay)]
        case .spawnFailed(let name, let reason, let delay):
            [("worker", name.rawValue), ("error", reason), Self.restart(delay)]
        case .crashLooping(let name, let restarts):
            [("worker", name.rawValue), ("restarts.last_60s", "\(restarts)")]
        case .hung(let name, let pid, let kind):
            [("worker", name.rawValue), ("worker.pid", "\(pid)"), ("reason", kind.rawValue)]
        case .killed(let name, let pid):
            [("worker", name.rawValue), ("worker.pid", "\(pid)")]
        case .stopping, .stopHurried, .reloading, .reloaded: []
        }
    }

    private static func restart(_ delay: Duration?) -> (String, String) {
        ("restart", delay.map { "in \($0.milliseconds) ms" } ?? "no, stopping")
    }
}

extension ExitStatus {
    fileprivate var field: (String, String) {
        switch self {
        case .code(let code): ("exit.code", "\(code)")
        case .signal(let signal): ("exit.signal", signalName(signal))
        }
    }
}
