internal import CLinux
internal import Glibc

/// The health port: opened by the supervisor before any worker and held for the life of the manager, or by a health
/// server that runs alone.
///
/// While the supervisor holds it, the kernel completes handshakes into its queue, so that no restart of the health server
/// refuses a probe.
package enum ListeningSocket {
    /// Connections that may wait to be accepted: as many as a restart can leave behind (capped by net.core.somaxconn).
    package static let backlog: Int32 = 4096

    /// The first inherited socket, else one bound to `HEALTH_HOST` and `HEALTH_PORT`. The caller closes it.
    package static func open(environment: ProcessEnvironment, settings: Settings) throws(ListeningSocketError) -> Int32
    {
        let inherited = InheritedSockets.take(environment: environment)
        for extra in inherited.dropFirst() { _ = close(extra) }
        if let socket = inherited.first { return socket }
        return try listen(host: settings.healthHost, port: settings.healthPort)
    }

    /// Binds and listens. `::` is IPv4 and IPv6; where IPv6 is off it is IPv4 alone.
    package static func listen(host: String, port: UInt16) throws(ListeningSocketError) -> Int32 {
        var result = clinux_listen_tcp(host, port, backlog)
        if host == "::", result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL {
            result = clinux_listen_tcp("0.0.0.0", port, backlog)
        }
        if result >= 0 { return result }
        let error = SystemError(call: "listen", number: -result, subject: "\(host) port \(port)")
        switch -result {
        case EADDRINUSE: throw .portTaken(port)
        case EACCES, EPERM: throw .notAllowed(port)
        case EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL: throw .badHost(host, error)
        default: throw .failed(error)
        }
    }

    /// The port it is bound to; differs from the setting where that is 0.
    package static func port(_ socket: Int32) -> Int { Int(max(0, clinux_bound_port(socket))) }
}

/// Why there is no socket to accept on. Each message names the setting to change.
package enum ListeningSocketError: Error, Equatable, CustomStringConvertible {
    case portTaken(UInt16)
    case notAllowed(UInt16)
    case badHost(String, SystemError)
    case failed(SystemError)

    package var description: String {
        switch self {
        case .portTaken(let port):
            "port \(port) is taken by another process; stop that one or set HEALTH_PORT to a free port (0: any)"
        case .notAllowed(let port):
            "port \(port) may not be opened by this user; set HEALTH_PORT to a port of 1024 or more"
        case .badHost(let host, let error):
            "HEALTH_HOST=\(host) is no address of this machine (\(error)); set it to ::, 0.0.0.0 or one of its addresses"
        case .failed(let error):
            "the port for the health endpoints cannot be opened (\(error)); see HEALTH_HOST and HEALTH_PORT"
        }
    }
}
