internal import Glibc
internal import Shared

/// The bytes of two connections, each carried to the other: what a proxy does after `CONNECT`.
enum SocketTunnel {
    /// A connection to an address literal, `nil` if it cannot be opened.
    static func connect(host: String, port: UInt16) -> Int32? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else { return nil }
        defer { freeaddrinfo(found) }
        let descriptor = socket(found.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        if Glibc.connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// Until one side ends or `stopEvent` becomes readable.
    static func carry(_ first: Int32, _ second: Int32, stopEvent: Int32) {
        var entries = [first, second, stopEvent].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            while poll(&entries, 3, -1) < 0 {}
            guard entries[2].revents == 0 else { return }
            if entries[0].revents != 0, !move(from: first, to: second) { return }
            if entries[1].revents != 0, !move(from: second, to: first) { return }
        }
    }

    private static func move(from source: Int32, to target: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(source, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        return (try? writeAll(target, Array(buffer[..<count]), subject: "tunnel")) != nil
    }
}
