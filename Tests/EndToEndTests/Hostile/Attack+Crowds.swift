import CLinux
import Shared
import TestSupport

extension Attack {
    /// Many connections.
    static var crowds: [Attack] {
        [
            Attack(name: "slowloris") { stage in
                var sockets = try (0..<600).map { _ in try stage.connect() }
                let head = Array("GET /liveness HTTP/1.1\r\n".utf8)
                var bytes = 0
                var cut = 0
                for socket in sockets where try !stage.send(head, on: socket) { cut += 1 }
                while !stage.isOver {
                    for index in sockets.indices {
                        bytes += 1
                        guard try !stage.send([0x58], on: sockets[index]) else { continue }
                        cut += 1
                        sockets[index] = try stage.connect()
                        _ = try stage.send(head, on: sockets[index])
                    }
                }
                return "600 connections, \(bytes) single bytes, \(cut) cut and replaced"
            },
            Attack(name: "10,000 idle connections") { stage in
                var soft: UInt64 = 0
                var hard: UInt64 = 0
                _ = clinux_get_descriptor_limit(&soft, &hard)
                if soft < 12_000 { _ = clinux_set_descriptor_limit(min(hard, 12_000)) }
                _ = clinux_get_descriptor_limit(&soft, &hard)
                let count = Int(min(10_000, soft - min(soft, 1000)))
                var sockets: [TestSocket] = []
                while sockets.count < count { sockets.append(try stage.connect()) }
                // They stay while the probes go on.
                while !stage.isOver { sockets.append(try stage.connect()) }
                let skipped = count < 10_000 ? "; not 10,000: the descriptor limit is \(soft)" : ""
                return "\(sockets.count) connections\(skipped)"
            },
            Attack(name: "connect and go") { stage in
                var count = 0
                while !stage.isOver {
                    _ = try stage.connect()
                    count += 1
                }
                return "\(count) connections"
            },
            Attack(name: "half a request and go") { stage in
                let whole = Array("GET /status HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                var count = 0
                while !stage.isOver {
                    for length in stride(from: 1, through: whole.count, by: 3) {
                        _ = try stage.send(Array(whole.prefix(length)), on: try stage.connect())
                        count += 1
                    }
                }
                return "\(count) connections"
            },
            Attack(name: "half-closed sockets") { stage in
                // A whole request is answered, half a one is not; the connection is closed in both cases.
                let count = try stage.repeatedly(["GET /liveness HTTP/1.1\r\nHost: a\r\n\r\n"], allowed: [200])
                var halves = 0
                while halves < count {
                    halves += 1
                    if let status = try stage.status(Array("GET /liveness HT".utf8)), status != 400 {
                        throw AttackStage.WrongAnswer(request: "half a request", status: status)
                    }
                    if stage.isOver, halves > 200 { break }
                }
                return "\(count) whole and \(halves) half requests"
            },
            Attack(name: "long-polls for every place, then gone") { stage in
                let request = "GET /providers/Nobody/ready?wait=300s HTTP/1.1\r\nHost: a\r\n\r\n"
                let bytes = Array((request + request).utf8)
                var count = 0
                while !stage.isOver {
                    let sockets = try (0..<500).map { _ in try stage.connect() }
                    for socket in sockets { _ = try stage.send(bytes, on: socket) }
                    for socket in sockets.prefix(250) { socket.finishWriting() }
                    count += sockets.count
                }
                return "\(count) connections with two each"
            },
        ]
    }
}
