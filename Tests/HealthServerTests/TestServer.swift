import CLinux
import Logging
import Shared
import TestSupport
import Testing

@testable import HealthServer

/// Tests with real sockets, one at a time: they block their thread, and hold hundreds of descriptors.
@Suite(.serialized, .timeLimit(.minutes(1))) enum ServerTests {}

/// A real server on a free port of the loopback, and ways to talk to it. Every wait has a deadline.
final class TestServer: Sendable {
    let server: HealthHTTPServer
    let port: UInt16
    /// The listening socket; owned by the server.
    let listener: Int32

    static let patience: Duration = .seconds(20)

    init(
        _ sections: StateSections = StateSections(),
        limits: ServerLimits = ServerLimits(),
        rules: EvaluationRules = TestServer.rules,
        pulse: Pulse? = nil,
        clock: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) throws {
        // Hundreds of connections with both ends in this process.
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        if clinux_get_descriptor_limit(&soft, &hard) == 0, soft < 4096 {
            _ = clinux_set_descriptor_limit(min(hard, 4096))
        }
        let socket = try ListeningSocket.listen(host: "127.0.0.1", port: 0)
        port = UInt16(clinux_bound_port(socket))
        listener = socket
        server = try HealthHTTPServer.start(
            socket: socket,
            rules: rules,
            view: Self.view(sections),
            limits: limits,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            pulse: pulse,
            clock: clock
        )
    }

    deinit { server.stop() }

    static var deadline: MonotonicTime { MonotonicTime.now() + patience }

    /// Real clocks, so what is published stays fresh for the length of a test.
    static var rules: EvaluationRules {
        var rules = Situations.rules()
        rules.stalenessLimit = .seconds(3600)
        return rules
    }

    static func view(_ sections: StateSections) -> StateView {
        var sections = sections
        let now = MonotonicTime.now()
        sections.broker?.checked = now
        sections.processes?.manager.started = now
        return StateView(
            snapshot: RunSnapshot(
                sections: sections,
                supervisedRun: Situations.run,
                bootID: Situations.boot,
                readAt: Situations.readAt
            ),
            problem: nil,
            tick: nil
        )
    }

    func take(_ sections: StateSections) { server.take(Self.view(sections)) }

    var client: TestHTTPClient {
        get throws { try TestHTTPClient("http://127.0.0.1:\(port)", timeout: Self.patience) }
    }

    func connect() throws -> TestConnection {
        TestConnection(try TestSocket(host: "127.0.0.1", port: port, deadline: Self.deadline))
    }

    /// One exchange of raw bytes on a new connection.
    func exchange(_ text: String) throws -> TestHTTPResponse {
        let connection = try connect()
        try connection.send(text)
        return try connection.response()
    }

    /// Returns when the server's load is as `condition` wants it.
    func wait(until condition: (HealthHTTPServer.Load) -> Bool) throws {
        let deadline = Self.deadline
        while true {
            let load = try server.load()
            if condition(load) { return }
            guard MonotonicTime.now() < deadline else {
                throw TestSupportError.timedOut(waitingFor: "another load than \(load)", received: 0)
            }
        }
    }
}

/// One client connection; answers may come in any cut.
final class TestConnection {
    private let socket: TestSocket
    private var rest: [UInt8] = []

    init(_ socket: TestSocket) { self.socket = socket }

    func send(_ text: String) throws { try socket.write(Array(text.utf8), deadline: TestServer.deadline) }

    func send(bytes: [UInt8]) throws { try socket.write(bytes, deadline: TestServer.deadline) }

    func get(_ target: String, _ headers: String = "") throws {
        try send("GET \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
    }

    func finishWriting() { socket.finishWriting() }

    /// The next answer; what follows it stays for the next one.
    func response(isHead: Bool = false) throws -> TestHTTPResponse {
        while true {
            if let length = responseLength(isHead: isHead), rest.count >= length {
                let bytes = Array(rest[0..<length])
                rest.removeFirst(length)
                var reader = TestHTTPResponseReader(isHead: isHead)
                guard let response = try reader.feed(bytes) else {
                    throw TestSupportError.malformedResponse(String(decoding: bytes, as: UTF8.self))
                }
                return response
            }
            let more = try socket.read(deadline: TestServer.deadline, received: rest.count)
            guard !more.isEmpty else { throw TestSupportError.closedEarly(received: rest) }
            rest += more
        }
    }

    /// Bytes of the answer at the start of `rest`, as far as its head is there: all answers here tell their length.
    private func responseLength(isHead: Bool) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = rest.indices.first(where: { rest[$0...].starts(with: mark) }) else { return nil }
        let head = String(decoding: rest[0..<end], as: UTF8.self)
        let lines = head.split(separator: "\r\n").map { $0.lowercased() }
        let length = lines.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16)) }
        return end + 4 + (isHead ? 0 : length ?? 0)
    }

    /// Everything up to the end of the stream; a reset counts as the end.
    func untilClosed() throws -> [UInt8] {
        var bytes = rest
        while true {
            do {
                let more = try socket.read(deadline: TestServer.deadline, received: bytes.count)
                if more.isEmpty { return bytes }
                bytes += more
            } catch TestSupportError.socketFailed {
                return bytes
            }
        }
    }
}
