import Shared

@testable import Supervisor

/// What systemd makes of the messages, and what they must be: written from sd_notify(3).
struct SimulatedService {
    enum State {
        case activating
        case active
        case reloading
        case deactivating
    }

    var state = State.activating
    var lastHeartbeat: MonotonicTime?
    /// `WATCHDOG_USEC`; `nil`: no watchdog.
    let limit: Duration?

    /// - Returns: What is wrong with the message now.
    mutating func take(_ message: ServiceMessage, _ simulation: SupervisorSimulation) -> String? {
        switch (message, state) {
        case (.ready, .activating):
            guard simulation.processes[0]?.readySince != nil else { return "ready, and the port does not answer" }
            state = .active
        case (.ready, .reloading):
            guard simulation.core.reloadQueue.isEmpty else { return "ready in the midst of a reload" }
            state = .active
        case (.reloading, .active): state = .reloading
        case (.stopping, .activating), (.stopping, .active), (.stopping, .reloading):
            guard simulation.terminatedAt != nil else { return "stops, and nobody asked for it" }
            state = .deactivating
        case (.status(let text), _):
            if text.isEmpty || text.contains("\n") { return "a status that is not one line" }
        case (.heartbeat, _):
            if limit == nil { return "a heartbeat for nobody" }
            lastHeartbeat = simulation.now
        default: return "\(message) while \(state)"
        }
        return nil
    }

    /// - Returns: What is wrong between two events.
    func check(_ simulation: SupervisorSimulation) -> String? {
        if simulation.terminatedAt != nil, state != .deactivating { return "stops, and says nothing" }
        if simulation.terminatedAt == nil {
            let isReloading = !simulation.core.reloadQueue.isEmpty
            if state == .active, isReloading { return "reloads, and says nothing" }
            if state == .reloading, !isReloading { return "does not say that the reload is over" }
            if state == .activating, simulation.processes[0]?.isWell == true {
                return "the port answers, and it says nothing"
            }
        }
        guard let limit, !simulation.finished else { return nil }
        guard let lastHeartbeat, let wake = simulation.core.nextDeadline else { return "no heartbeat" }
        if wake - lastHeartbeat > limit / 3 { return "sleeps until \(wake - lastHeartbeat) after a heartbeat" }
        return nil
    }
}

extension SimulatedProcess {
    /// Ready, and nobody has asked it to go.
    fileprivate var isWell: Bool { readySince != nil && !isAborted && !isTerminated }
}
