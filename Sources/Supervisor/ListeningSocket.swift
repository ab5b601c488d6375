internal import CLinux
internal import Glibc
import Shared

/// The health port, opened before any worker and held for the life of the manager: while it is held the kernel completes
/// handshakes into its queue, so that no restart of the health server refuses a probe.
enum ListeningSocket {
    /// Completed connections that may wait for the health server (capped by net.core.somaxconn).
    static let backlog: Int32 = 4096

    /// Takes the socket that systemd handed over, or binds `HEALTH_HOST`:`HEALTH_PORT`.
    static func open(settings: Settings, environment: ProcessEnvironment) throws(SystemError) -> FileDescriptor {
        let inherited = InheritedSockets.take(environment: environment)
        if let first = inherited.first { return FileDescriptor(owning: first) }
        return try bind(host: settings.healthHost, port: settings.healthPort)
    }

    private static func bind(host: String, port: UInt16) throws(SystemError) -> FileDescriptor {
        let result = clinux_listen_tcp(host, port, backlog)
        if result == -EAFNOSUPPORT, host == "::" { return try bind(host: "0.0.0.0", port: port) }
        // `::` can exist without an address to bind, where IPv6 is switched off by sysctl.
        if result == -EADDRNOTAVAIL, host == "::" { return try bind(host: "0.0.0.0", port: port) }
        return FileDescriptor(owning: try checked("listen", "\(host) port \(port)", result))
    }

    /// The port it is bound to; differs from the setting where that is 0.
    static func port(_ socket: borrowing FileDescriptor) -> Int {
        Int(max(0, clinux_bound_port(socket.number)))
    }
}
