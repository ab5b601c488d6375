import CLinux
import Glibc
import Shared
import Synchronization

/// Looks a name up in a thread of its own: getaddrinfo(3) knows no deadline and asks a silent name server for half a
/// minute.
enum NameLookup {
    /// An address to connect to.
    struct Address: Equatable, Sendable {
        /// `AF_INET` or `AF_INET6`.
        var family: Int32
        /// A `sockaddr_in` or `sockaddr_in6`, port included.
        var bytes: [UInt8]
        /// `127.0.0.1:9292`, `[::1]:9292`.
        var text: String
    }

    /// Why there is no address.
    struct Failure: Error, Equatable {
        var text: String
    }

    /// What the thread brings; kept alive by both sides.
    private final class Box: Sendable {
        let host: String
        let port: UInt16
        let event: Int32
        let result = Mutex<Result<[Address], Failure>?>(nil)

        init(_ host: String, _ port: UInt16, event: Int32) {
            self.host = host
            self.port = port
            self.event = event
        }
    }

    /// - Returns: At least one address, each once.
    static func addresses(
        of host: String,
        port: UInt16,
        within limit: Duration
    ) throws(Failure) -> [Address] {
        let event = clinux_event_create()
        guard event >= 0 else { throw Failure(text: "\(SystemError(call: "eventfd", number: -event))") }
        let box = Box(host, port, event: event)
        let reference = Unmanaged.passRetained(box)
        var thread = pthread_t()
        let number = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                let result = NameLookup.ask(box.host, box.port)
                box.result.withLock { $0 = result }
                var one: UInt64 = 1
                _ = write(box.event, &one, 8)
                return nil
            },
            reference.toOpaque()
        )
        guard number == 0 else {
            reference.release()
            throw Failure(text: "\(SystemError(call: "pthread_create", number: number))")
        }
        pthread_detach(thread)
        var entry = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
        // The descriptor is left to the thread, which may write to it later than we wait.
        guard poll(&entry, 1, Int32(clamping: limit.milliseconds)) > 0, let result = box.result.withLock({ $0 }) else {
            throw Failure(text: "the name server does not answer within \(limit.milliseconds / 1000) s")
        }
        return try result.get()
    }

    private static func ask(_ host: String, _ port: UInt16) -> Result<[Address], Failure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return .failure(Failure(text: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(list) }
        var result: [Address] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                let bytes = [UInt8](UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))
                let found = Address(family: entry.ai_family, bytes: bytes, text: text(address, entry.ai_addrlen))
                if !result.contains(found) { result.append(found) }
            }
            next = entry.ai_next
        }
        return result.isEmpty ? .failure(Failure(text: "the name has no address")) : .success(result)
    }

    private static func text(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let flags = NI_NUMERICHOST | NI_NUMERICSERV
        guard
            getnameinfo(address, length, &host, socklen_t(host.count), &port, socklen_t(port.count), flags) == 0
        else { return "?" }
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let number = String(decoding: port.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return name.contains(":") ? "[\(name)]:\(number)" : "\(name):\(number)"
    }
}
