internal import CLinux
internal import Glibc

/// The worker's side of systemd's notification protocol (sd_notify(3)): datagrams to `NOTIFY_SOCKET`.
///
/// Works alike under our supervisor and under systemd. Sending never blocks: a full queue (net.unix.max_dgram_qlen is
/// 10) loses a heartbeat, and the next one is on its way.
package final class NotifySocket: Sendable {
    private let descriptor: Int32?

    /// Connects to the socket that the environment names; without one every message goes nowhere.
    package init(environment: ProcessEnvironment) {
        guard let name = environment["NOTIFY_SOCKET"], !name.isEmpty else {
            descriptor = nil
            return
        }
        let result = clinux_notify_connect(name)
        descriptor = result >= 0 ? result : nil
    }

    deinit {
        if let descriptor { _ = close(descriptor) }
    }

    /// True if somebody listens.
    package var isConnected: Bool { descriptor != nil }

    /// `READY=1`: settings valid, section locked or state declared unwritable, loop turned once.
    package func ready() { send("READY=1") }

    /// `WATCHDOG=1`: sent from the worker's own loop after it did work.
    package func heartbeat() { send("WATCHDOG=1") }

    /// `STOPPING=1`.
    package func stopping() { send("STOPPING=1") }

    private func send(_ text: String) {
        guard let descriptor else { return }
        _ = text.withCString { clinux_notify_send(descriptor, $0, text.utf8.count) }
    }
}

/// How soon after one another the heartbeats must come, from `WATCHDOG_USEC` and `WATCHDOG_PID`
/// (sd_watchdog_enabled(3)).
///
/// - Returns: `nil` without a watchdog, or if it waits for another process than `pid`.
package func watchdogLimit(environment: ProcessEnvironment, pid: Int32 = getpid()) -> Duration? {
    guard let text = environment["WATCHDOG_USEC"], let limit = Int64(text), limit > 0 else { return nil }
    if let owner = environment["WATCHDOG_PID"], owner != String(pid) { return nil }
    return .microseconds(limit)
}

/// How often a worker must send its heartbeat.
///
/// - Returns: A third of the limit, so that two may be lost; `nil` without a watchdog.
package func heartbeatInterval(environment: ProcessEnvironment, pid: Int32 = getpid()) -> Duration? {
    watchdogLimit(environment: environment, pid: pid).map { $0 / 3 }
}
