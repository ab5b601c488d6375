import Shared
import TestSupport

extension Attack {
    /// Too much of something.
    static var floods: [Attack] {
        [
            Attack(name: "endless headers") { stage in
                let line = Array("X: \(String(repeating: "x", count: 1000))\r\n".utf8)
                return try untilCut(stage, head: "GET /liveness HTTP/1.1\r\n", then: line, allowed: [431])
            },
            Attack(name: "one endless header") { stage in
                let part = [UInt8](repeating: 0x78, count: 1000)
                return try untilCut(stage, head: "GET /liveness HTTP/1.1\r\nX: ", then: part, allowed: [431])
            },
            Attack(name: "endless target") { stage in
                let part = [UInt8](repeating: 0x78, count: 1000)
                return try untilCut(stage, head: "GET /", then: part, allowed: [414])
            },
            Attack(name: "1 GB body, announced") { stage in
                let head = "POST /liveness HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n"
                return try untilCut(stage, head: head, then: [UInt8](repeating: 0x78, count: 65_536), allowed: [413])
            },
            Attack(name: "1 GB body, in chunks") { stage in
                let head = "GET /liveness HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                let chunk = Array("2000\r\n\(String(repeating: "x", count: 0x2000))\r\n".utf8)
                return try untilCut(stage, head: head, then: chunk, allowed: [413])
            },
            Attack(name: "pipelining") { stage in
                let request = "GET /liveness HTTP/1.1\r\nHost: a\r\n\r\n"
                let bytes = Array(String(repeating: request, count: 200).utf8)
                var sent = 0
                var answered = 0
                while !stage.isOver {
                    let socket = try stage.connect()
                    guard try stage.send(bytes, on: socket) else { continue }
                    sent += 200
                    socket.finishWriting()
                    let statuses = AttackStage.statuses(try stage.rest(of: socket))
                    answered += statuses.count
                    guard statuses.allSatisfy({ $0 == 200 }) else {
                        throw AttackStage.WrongAnswer(request: "pipelined", status: statuses.first { $0 != 200 } ?? 0)
                    }
                }
                guard answered == sent else { throw AttackStage.WrongAnswer(request: "\(sent) sent", status: answered) }
                return "\(sent) requests, all answered"
            },
            Attack(name: "clients that never read") { stage in
                let request = Array(String(repeating: "GET /status HTTP/1.1\r\nHost: a\r\n\r\n", count: 100).utf8)
                var sockets = try (0..<200).map { _ in try stage.connect() }
                var cut = 0
                while !stage.isOver {
                    for index in sockets.indices {
                        do {
                            // As much as it takes without our reading an answer.
                            try sockets[index].write(request, deadline: .now() + .milliseconds(5))
                        } catch TestSupportError.timedOut {
                            // Full, as it should be.
                        } catch {
                            sockets[index] = try stage.connect()
                            cut += 1
                        }
                    }
                }
                return "200 connections, \(cut) cut and replaced"
            },
        ]
    }

    /// Sends `head`, then `part` again and again, until the server has had enough; then anew.
    private static func untilCut(
        _ stage: AttackStage,
        head: String,
        then part: [UInt8],
        allowed: Set<Int>
    ) throws -> String {
        var count = 0
        var most = 0
        while !stage.isOver {
            let socket = try stage.connect()
            var sent = 0
            var goesOn = try stage.send(Array(head.utf8), on: socket)
            while goesOn, sent < 1 << 30 {
                goesOn = try stage.send(part, on: socket)
                sent += part.count
            }
            guard sent < 1 << 30 else { throw AttackStage.WrongAnswer(request: "\(head)… 1 GB taken", status: 0) }
            most = max(most, sent)
            count += 1
            // The reset may have overtaken the answer.
            if let status = AttackStage.statuses(try stage.rest(of: socket)).first, !allowed.contains(status) {
                throw AttackStage.WrongAnswer(request: head, status: status)
            }
        }
        return "\(count) connections, cut after \(most / 1024) KiB at most"
    }
}
