internal import Glibc
package import Shared

/// A blocking TCP connection with a deadline on everything, for tests that need to see bytes rather than answers.
package final class TestSocket: Sendable {
    /// Non-blocking; for those who wait for several together.
    package let descriptor: Int32

    /// Connects to an address literal or a name.
    ///
    /// - Throws: ``TestSupportError/connectionRefused(_:)``, `timedOut` or `socketFailed`.
    package init(host: String, port: UInt16, deadline: MonotonicTime) throws {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let found else {
            throw TestSupportError.socketFailed(call: "getaddrinfo \(host)", number: 0)
        }
        defer { freeaddrinfo(found) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(found.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw TestSupportError.socketFailed(call: "socket", number: errno) }
        self.descriptor = descriptor
        var failure: Int32 = 0
        if connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) != 0 {
            failure = errno
            if failure == EINPROGRESS {
                try wait(for: POLLOUT, deadline: deadline, what: "connect", received: 0)
                var length = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
            }
        }
        if failure == ECONNREFUSED { throw TestSupportError.connectionRefused("\(host):\(port)") }
        guard failure == 0 else { throw TestSupportError.socketFailed(call: "connect", number: failure) }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { _ = close(descriptor) }

    /// Sends all of `bytes`.
    package func write(_ bytes: [UInt8], deadline: MonotonicTime) throws {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(
                    descriptor,
                    buffer.baseAddress.map { $0 + offset },
                    bytes.count - offset,
                    Int32(MSG_NOSIGNAL)
                )
            }
            let failure = errno
            if count >= 0 {
                offset += count
            } else if failure == EAGAIN {
                try wait(for: POLLOUT, deadline: deadline, what: "room to send", received: 0)
            } else if failure != EINTR {
                throw TestSupportError.socketFailed(call: "send", number: failure)
            }
        }
    }

    /// Some bytes; empty at the end of the stream.
    ///
    /// - Parameter received: How much had come before, for the error.
    package func read(deadline: MonotonicTime, received: Int = 0) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            let failure = errno
            if count >= 0 { return Array(buffer[0..<count]) }
            if failure == EAGAIN {
                try wait(for: POLLIN, deadline: deadline, what: "bytes", received: received)
            } else if failure != EINTR {
                throw TestSupportError.socketFailed(call: "recv", number: failure)
            }
        }
    }

    /// Says that no more will be sent; the answer can still be read.
    package func finishWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    private func wait(for event: Int32, deadline: MonotonicTime, what: String, received: Int) throws {
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        while true {
            let left = (deadline - MonotonicTime.now()).milliseconds
            guard left > 0 else { throw TestSupportError.timedOut(waitingFor: what, received: received) }
            let count = poll(&entry, 1, Int32(clamping: left))
            if count > 0 { return }
            let failure = errno
            if count < 0, failure != EINTR { throw TestSupportError.socketFailed(call: "poll", number: failure) }
        }
    }
}
