import Shared
import TestSupport

@testable import HealthServer

/// A client of `/events` that sees every byte.
final class EventReader {
    private let socket: TestSocket
    private var rest: [UInt8] = []
    /// As it came, without the blank line.
    private(set) var head = ""
    private let isChunked: Bool

    struct Event: Equatable {
        var id: String?
        var retry: String?
        var data: String
        /// Comments before it.
        var comments: [String] = []

        var json: TestJSON { get throws { try TestJSON(Array(data.utf8)) } }
    }

    init(_ test: TestServer, method: String = "GET", version: String = "1.1") throws {
        socket = try TestSocket(host: "127.0.0.1", port: test.port, deadline: TestServer.deadline)
        isChunked = version == "1.1" && method == "GET"
        try socket.write(
            Array("\(method) /events HTTP/\(version)\r\nHost: test\r\n\r\n".utf8),
            deadline: TestServer.deadline
        )
        head = String(decoding: try line(upTo: "\r\n\r\n"), as: UTF8.self)
    }

    func finishWriting() { socket.finishWriting() }

    func send(_ text: String) throws { try socket.write(Array(text.utf8), deadline: TestServer.deadline) }

    var status: Int? { head.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

    /// The next event.
    func next() throws -> Event {
        var event = Event(data: "")
        while true {
            for line in try block().split(separator: "\n") {
                if line.hasPrefix("id: ") {
                    event.id = String(line.dropFirst(4))
                } else if line.hasPrefix("retry: ") {
                    event.retry = String(line.dropFirst(7))
                } else if line.hasPrefix("data: ") {
                    event.data += line.dropFirst(6)
                } else if line.hasPrefix(":") {
                    event.comments.append(String(line.dropFirst()))
                } else {
                    throw TestSupportError.malformedResponse(String(line))
                }
            }
            if !event.data.isEmpty { return event }
        }
    }

    /// Reads to the end of the connection.
    func untilClosed() throws -> String {
        do {
            while true { try more() }
        } catch TestSupportError.closedEarly {
        } catch TestSupportError.socketFailed {
        }
        return String(decoding: rest, as: UTF8.self)
    }

    /// What stands before a blank line: one chunk holds whole blocks.
    func block() throws -> String {
        guard isChunked else { return String(decoding: try line(upTo: "\n\n"), as: UTF8.self) }
        let size = String(decoding: try line(upTo: "\r\n"), as: UTF8.self)
        guard let count = Int(size, radix: 16) else { throw TestSupportError.malformedResponse(size) }
        while rest.count < count + 2 { try more() }
        let bytes = Array(rest[0..<count])
        rest.removeFirst(count + 2)
        if count == 0 { throw TestSupportError.closedEarly(received: []) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func line(upTo mark: String) throws -> [UInt8] {
        let mark = Array(mark.utf8)
        while true {
            if let end = rest.indices.first(where: { rest[$0...].starts(with: mark) }) {
                let line = Array(rest[0..<end])
                rest.removeFirst(end + mark.count)
                return line
            }
            try more()
        }
    }

    private func more() throws {
        let bytes = try socket.read(deadline: TestServer.deadline, received: rest.count)
        guard !bytes.isEmpty else { throw TestSupportError.closedEarly(received: rest) }
        rest += bytes
    }
}
