internal import CLinux
internal import Glibc
internal import Shared
internal import Synchronization

/// A tiny real HTTP/1.1 server on loopback with scripted answers: for what a client must survive.
///
/// One thread accepts, one thread serves each connection. Everything ends with ``stop()``.
package final class StubHTTPServer: Sendable {
    /// A request as it was received.
    package struct Request: Sendable {
        package var method: String
        package var path: String
        /// Lines of the head without the request line, as sent.
        package var headerLines: [String]
        package var body: [UInt8]

        /// The first value of a field, `nil` if it was not sent.
        package func header(_ name: String) -> String? {
            let prefix = name.lowercased() + ":"
            guard let line = headerLines.first(where: { $0.lowercased().hasPrefix(prefix) }) else { return nil }
            return String(line.dropFirst(prefix.count).drop { $0 == " " })
        }
    }

    /// What to do with a request.
    package enum Answer: Sendable {
        /// Sends these bytes; the connection stays open.
        case send([UInt8])
        /// Sends these bytes and closes.
        case sendAndClose([UInt8])
        /// Sends these bytes in pieces of `size` with pauses, and closes.
        case drip([UInt8], size: Int, pause: Duration)
        /// Never answers; the connection stays open.
        case hang
        /// Answers 200 and carries all further bytes to and from this port of 127.0.0.1: what a proxy does for
        /// `CONNECT`.
        case tunnel(port: UInt16)

        /// A complete answer with its length.
        package static func response(
            _ status: Int = 200,
            headers: [(String, String)] = [],
            body: [UInt8] = []
        ) -> Answer {
            var head = "HTTP/1.1 \(status) Stub\r\nContent-Length: \(body.count)\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            return .send(Array("\(head)\r\n".utf8) + body)
        }
    }

    /// `http://127.0.0.1:port`.
    package let url: String
    private let listener: Int32
    /// Becomes readable for ever when the server stops: each thread waits on it besides its own socket.
    private let stopEvent: Int32
    private let script: @Sendable (Request) -> Answer
    private let state = Mutex(State())

    private struct State {
        var requests: [Request] = []
        var connections = 0
    }

    package init(_ script: @escaping @Sendable (Request) -> Answer) throws {
        self.script = script
        listener = try checked("listen", "127.0.0.1", clinux_listen_tcp("127.0.0.1", 0, 16))
        stopEvent = try checked("eventfd", "", clinux_event_create())
        url = "http://127.0.0.1:\(try checked("getsockname", "", clinux_bound_port(listener)))"
        try startThread { $0.acceptConnections() }
    }

    deinit {
        close(listener)
        close(stopEvent)
    }

    /// All requests so far.
    package var requests: [Request] { state.withLock { $0.requests } }
    /// Connections accepted so far.
    package var connections: Int { state.withLock { $0.connections } }

    /// Ends all threads soon; open connections are closed.
    package func stop() {
        var value: UInt64 = 1
        _ = write(stopEvent, &value, 8)
    }

    /// Runs `body` in a thread that keeps this object alive.
    private func startThread(_ body: @escaping @Sendable (StubHTTPServer) -> Void) throws {
        let box = Unmanaged.passRetained(ThreadBody { body(self) })
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            box.toOpaque()
        )
        guard result == 0 else {
            box.release()
            throw TestSupportError.socketFailed(call: "pthread_create", number: result)
        }
        pthread_detach(thread)
    }

    private func acceptConnections() {
        while waitReadable(listener) {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            state.withLock { $0.connections += 1 }
            do {
                try startThread { server in
                    server.serve(connection)
                    close(connection)
                }
            } catch {
                close(connection)
            }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve(_ connection: Int32) {
        var buffer: [UInt8] = []
        while let request = receive(connection, &buffer) {
            state.withLock { $0.requests.append(request) }
            switch script(request) {
            case .send(let bytes):
                guard deliver(connection, bytes[...]) else { return }
            case .sendAndClose(let bytes):
                _ = deliver(connection, bytes[...])
                return
            case .drip(let bytes, let size, let pause):
                var rest = bytes[...]
                while !rest.isEmpty {
                    guard deliver(connection, rest.prefix(size)), !wasStopped(within: pause) else { return }
                    rest = rest.dropFirst(size)
                }
                return
            case .hang:
                // Until the client goes away or the server stops.
                while waitReadable(connection) {
                    var byte: UInt8 = 0
                    if recv(connection, &byte, 1, 0) <= 0 { return }
                }
                return
            case .tunnel(let port):
                guard let target = SocketTunnel.connect(host: "127.0.0.1", port: port) else { return }
                defer { close(target) }
                guard deliver(connection, Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)[...]) else {
                    return
                }
                SocketTunnel.carry(connection, target, stopEvent: stopEvent)
                return
            }
        }
    }

    private func receive(_ connection: Int32, _ buffer: inout [UInt8]) -> Request? {
        var head: Request?
        var length = 0
        while true {
            if head == nil, let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
                let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
                let words = lines.first?.split(separator: " ").map(String.init) ?? []
                guard words.count == 3 else { return nil }
                let rest = lines.dropFirst().map(String.init)
                head = Request(method: words[0], path: words[1], headerLines: rest, body: [])
                length = Int(head?.header("content-length") ?? "0") ?? 0
                buffer.removeSubrange(..<end.upperBound)
            }
            if var request = head, buffer.count >= length {
                request.body = Array(buffer.prefix(length))
                buffer.removeFirst(length)
                return request
            }
            guard waitReadable(connection) else { return nil }
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }

    private func deliver(_ connection: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// False when the server stops.
    private func waitReadable(_ descriptor: Int32) -> Bool {
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopEvent, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&entries, 2, -1) < 0 {}
        return entries[1].revents == 0
    }

    private func wasStopped(within pause: Duration) -> Bool {
        var entry = pollfd(fd: stopEvent, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(clamping: pause.milliseconds)) > 0
    }
}

/// What a thread runs, as an object that a C pointer can stand for.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

extension [UInt8] {
    /// The first place where `pattern` occurs.
    fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        guard count >= pattern.count else { return nil }
        for start in 0...(count - pattern.count) where self[start..<(start + pattern.count)].elementsEqual(pattern) {
            return start..<(start + pattern.count)
        }
        return nil
    }
}
