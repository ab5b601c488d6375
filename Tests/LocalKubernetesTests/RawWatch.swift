import Shared
import TestSupport

/// An open watch whose very bytes are seen, and how its connection ends.
final class RawWatch {
    /// How the connection ended.
    enum End: Equatable {
        /// The last chunk came.
        case complete
        /// A FIN in the middle.
        case closed
        case reset
    }

    private let socket: TestSocket
    private(set) var received: [UInt8] = []

    /// Opens a watch of `name` and waits for the head of the answer.
    init(_ server: LocalKubernetesProcess, name: String = "a", _ rest: String = "") throws {
        let deadline = MonotonicTime.now() + .seconds(10)
        socket = try TestSocket(host: "127.0.0.1", port: server.port, deadline: deadline)
        let target = TranscriptPlan.path("?watch=1&fieldSelector=metadata.name%3D\(name)\(rest)")
        let token = TranscriptPlan.administrator
        let head = "GET \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
        try socket.write(Array(head.utf8), deadline: deadline)
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// Reads until this text has come.
    func read(until wanted: String, within limit: Duration = .seconds(10)) throws {
        let deadline = MonotonicTime.now() + limit
        while !text.contains(wanted) {
            let bytes = try socket.read(deadline: deadline, received: received.count)
            if bytes.isEmpty { throw TestSupportError.closedEarly(received: received) }
            received += bytes
        }
    }

    /// Reads to the end of the connection, or of the stream.
    func readToEnd(within limit: Duration = .seconds(10)) throws -> End {
        let deadline = MonotonicTime.now() + limit
        do {
            while !text.hasSuffix("\r\n0\r\n\r\n") {
                let bytes = try socket.read(deadline: deadline, received: received.count)
                if bytes.isEmpty { return .closed }
                received += bytes
            }
        } catch TestSupportError.socketFailed(call: "recv", number: 104) {
            return .reset
        }
        return .complete
    }
}
