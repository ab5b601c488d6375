internal import CLinux
internal import Glibc
package import Shared

/// The other end of `NOTIFY_SOCKET`, as systemd holds it: a datagram socket that sees who sent what.
package final class TestServiceManager: Sendable {
    /// One datagram.
    package struct Message: Equatable, Sendable {
        package var pid: Int32
        package var text: String
        package var received: MonotonicTime
    }

    /// What goes into `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    package let name: String
    private let descriptor: FileDescriptor

    /// Listens under a path, or under an abstract name that the kernel chooses.
    ///
    /// - Throws: `SystemError`.
    package init(path: String? = nil) throws {
        guard let path else {
            var name = [CChar](repeating: 0, count: 128)
            descriptor = FileDescriptor(owning: try checked("socket", "", clinux_notify_listen(&name, name.count)))
            self.name = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return
        }
        name = path
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = FileDescriptor(owning: try checked("socket", path, socket(AF_UNIX, kind, 0)))
        var one: Int32 = 1
        setsockopt(descriptor.number, SOL_SOCKET, SO_PASSCRED, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        precondition(bytes.count < MemoryLayout.size(ofValue: address.sun_path), "a path too long for a socket")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw SystemError(call: "bind", number: errno, subject: path) }
    }

    /// The next datagram; `nil` if none comes in time.
    package func next(within limit: Duration = .seconds(20)) -> Message? {
        let deadline = MonotonicTime.now() + limit
        var buffer = [CChar](repeating: 0, count: 4096)
        while true {
            var pid: Int32 = 0
            let count = clinux_notify_receive(descriptor.number, &buffer, buffer.count, &pid)
            if count >= 0 {
                let text = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
                return Message(pid: pid, text: text, received: .now())
            }
            let left = (deadline - .now()).nanoseconds / 1_000_000
            guard left > 0 else { return nil }
            var wait = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
            _ = poll(&wait, 1, Int32(clamping: left))
        }
    }

    /// All datagrams up to the first whose text begins so, that one included.
    ///
    /// - Throws: ``TestSupportError/timedOut(waitingFor:received:)``.
    package func messages(upTo prefix: String, within limit: Duration = .seconds(20)) throws -> [Message] {
        let deadline = MonotonicTime.now() + limit
        var seen: [Message] = []
        while let message = next(within: deadline - .now()) {
            seen.append(message)
            if message.text.hasPrefix(prefix) { return seen }
        }
        throw TestSupportError.timedOut(waitingFor: "\(prefix); came: \(seen.map(\.text))", received: seen.count)
    }
}
