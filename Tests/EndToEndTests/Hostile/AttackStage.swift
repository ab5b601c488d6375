import Glibc
import Shared
import TestSupport

/// What an attacker works with: the port, how long to go on, and ways to send bytes that are no good.
struct AttackStage {
    let port: UInt16
    /// When the attack is over.
    let end: MonotonicTime

    /// No single step may take longer than the server's own patience and a little.
    static let patience: Duration = .seconds(15)

    var isOver: Bool { MonotonicTime.now() >= end }

    private var deadline: MonotonicTime { MonotonicTime.now() + Self.patience }

    /// A new connection; at most some thousand a second to programs that are not optimised, which take no more.
    func connect() throws -> TestSocket {
        if !BuiltProducts.areChosen { _ = poll(nil, 0, 1) }
        return try TestSocket(host: "127.0.0.1", port: port, deadline: deadline)
    }

    /// Sends what it can.
    ///
    /// - Returns: False if the server has cut the connection.
    func send(_ bytes: [UInt8], on socket: TestSocket) throws -> Bool {
        do {
            try socket.write(bytes, deadline: deadline)
            return true
        } catch TestSupportError.socketFailed {
            return false
        }
    }

    /// Everything that comes until the server closes; a reset counts as the end.
    func rest(of socket: TestSocket) throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while true {
                let more = try socket.read(deadline: deadline, received: bytes.count)
                if more.isEmpty { return bytes }
                bytes += more
            }
        } catch TestSupportError.socketFailed {
            return bytes
        }
    }

    /// The status of the first answer on a new connection that sends `bytes` and nothing more; `nil`: closed without one.
    func status(_ bytes: [UInt8]) throws -> Int? {
        let socket = try connect()
        guard try send(bytes, on: socket) else { return nil }
        socket.finishWriting()
        return Self.statuses(try rest(of: socket)).first
    }

    /// Sends each of `requests` again and again until the attack is over.
    ///
    /// - Parameter allowed: What may be answered; closing without an answer always may.
    /// - Returns: How many were sent.
    /// - Throws: `WrongAnswer`.
    func repeatedly(_ requests: [[UInt8]], allowed: Set<Int>) throws -> Int {
        var count = 0
        while !isOver {
            for request in requests {
                let status = try status(request)
                count += 1
                if let status, !allowed.contains(status) {
                    throw WrongAnswer(request: String(decoding: request.prefix(200), as: UTF8.self), status: status)
                }
            }
        }
        return count
    }

    func repeatedly(_ requests: [String], allowed: Set<Int>) throws -> Int {
        try repeatedly(requests.map { Array($0.utf8) }, allowed: allowed)
    }

    /// The status of every answer in `bytes`.
    static func statuses(_ bytes: [UInt8]) -> [Int] {
        String(decoding: bytes, as: UTF8.self).split(separator: "HTTP/1.").dropFirst(bytes.first == 0x48 ? 0 : 1)
            .compactMap { Int($0.dropFirst(2).prefix(3)) }
    }

    struct WrongAnswer: Error, CustomStringConvertible {
        var request: String
        var status: Int
        var description: String { "\(status) for: \(request)" }
    }
}
