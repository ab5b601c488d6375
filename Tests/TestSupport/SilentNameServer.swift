internal import Glibc
internal import Shared

/// A name server that hears every question and never answers, and the command that makes a program ask it.
package final class SilentNameServer {
    private static let unshare = "/usr/bin/unshare"

    private let socket: Int32
    private let directory: TemporaryDirectory

    /// Why there can be none here; `nil` if there can.
    package static let obstacle: String? = {
        guard getuid() == 0 else { return "needs root for port 53 and a mount namespace" }
        guard access(unshare, X_OK) == 0 else { return "\(unshare) (util-linux) is not installed" }
        guard let server = try? SilentNameServer() else { return "port 53 cannot be bound on loopback" }
        let command = server.wrapper + ["/bin/true"]
        let probe = try? TestChildProcess(command[0], Array(command.dropFirst())).wait(within: .seconds(10))
        return probe?.exit == .code(0) ? nil : "mount namespaces are not allowed: \(probe?.output ?? "")"
    }()

    /// - Parameter options: Those of resolv.conf(5): the resolver of glibc waits `timeout` seconds, `attempts` times.
    package init(options: String = "timeout:5 attempts:2") throws {
        directory = try TemporaryDirectory()
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw TestSupportError.socketFailed(call: "socket", number: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(53).bigEndian
        // One of 65,000 addresses of loopback: several test runs do not meet.
        let host = [127, 77, UInt8.random(in: 1...254), UInt8.random(in: 1...254)]
        address.sin_addr.s_addr = host.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
        }
        let failure = errno
        guard result == 0 else {
            close(socket)
            throw TestSupportError.socketFailed(call: "bind", number: failure)
        }
        let text = host.map { String($0) }.joined(separator: ".")
        try directory.write("resolv.conf", "nameserver \(text)\noptions \(options)\n")
        try directory.write("nsswitch.conf", "hosts: files dns\n")
    }

    deinit { close(socket) }

    /// Runs the program behind it with this name server, in a mount namespace of its own.
    package var wrapper: [String] {
        let mounts = ["resolv.conf", "nsswitch.conf"].map { "mount --bind \(directory.path)/\($0) /etc/\($0)" }
        let script = mounts.joined(separator: " && ") + " && exec \"$@\""
        return [Self.unshare, "-m", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
    }

    /// The questions that have come since the last call; at most what the socket keeps, about 200.
    package func takeQuestions() -> Int {
        var count = 0
        var buffer = [UInt8](repeating: 0, count: 1024)
        while recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0 { count += 1 }
        return count
    }
}
