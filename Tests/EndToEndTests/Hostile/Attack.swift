/// One way to hurt a server.
struct Attack: Sendable, CustomStringConvertible {
    var name: String
    /// Goes on until the stage says that it is over; returns how often it struck, and of what, for people.
    var strike: @Sendable (AttackStage) throws -> String

    var description: String { name }

    static let all: [Attack] = malformed + floods + crowds

    private static func get(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n" }

    private static func requests(_ name: String, allowed: Set<Int>, _ texts: [String]) -> Attack {
        Attack(name: name) { stage in "\(try stage.repeatedly(texts, allowed: allowed)) requests" }
    }

    private static var malformed: [Attack] {
        let chunked = "POST /liveness HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        return [
            requests(
                "broken chunking",
                allowed: [400, 405],
                [
                    "\(chunked)zz\r\n", "\(chunked)FFFFFFFFFFFFFFFFFF\r\nx", "\(chunked)-1\r\n", "\(chunked)5\r\nab",
                    "\(chunked)3\r\nabcdef\r\n0\r\n\r\n", "\(chunked)3;\u{0}\r\nabc\r\n0\r\n\r\n", "\(chunked)0\r\nX",
                    "GET /liveness HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
                    "GET /liveness HTTP/1.1\r\nTransfer-Encoding: gzip, chunked, x\r\n\r\n0\r\n\r\n",
                ]
            ),
            requests(
                "NULs",
                allowed: [400],
                [
                    get("/live\u{0}ness"), get("/providers/%00/ready"), "\u{0}",
                    String(repeating: "\u{0}", count: 9000),
                    "GET /liveness HTTP/1.1\r\nA\u{0}: b\r\n\r\n", "GET /liveness HTTP/1.1\r\nA: b\u{0}c\r\n\r\n",
                ]
            ),
            requests(
                "invalid percent-encodings",
                allowed: [400],
                ["%", "%4", "%zz", "%%", "%u0041", "a%2"].map { get("/providers/\($0)/ready") }
            ),
            requests(
                "overlong and broken UTF-8",
                allowed: [400],
                ["%c0%af", "%e0%80%af", "%f0%80%80%af", "%ed%a0%80", "%ff", "%f4%90%80%80", "%e2%82", "%80"]
                    .map { get("/providers/\($0)/ready") }
            ),
            requests(
                "path tricks",
                allowed: [400, 404],
                [
                    "/../../etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/%2e%2e/liveness", "/./liveness",
                    "/liveness/../liveness", "/liveness;a=b", "/liveness%2f", "/liveness%00", "\\liveness",
                    "/liveness\\",
                    "http://a/../liveness", "http:///liveness/", "///liveness", "/providers/../../liveness", "*", "a",
                    "/providers/%2e%2e%2fliveness/ready", "file:///etc/passwd", "/liveness/", "@/liveness",
                ]
                .map(get)
            ),
            requests(
                "HTTP/0.9",
                allowed: [400],
                ["GET /liveness\r\n", "GET /liveness\r\n\r\n", "GET /\n", "GET\r\n\r\n"]
            ),
            requests(
                "other protocols",
                allowed: [400],
                [
                    "GET /liveness HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HELO mail\r\n",
                    "SSH-2.0-x\r\n",
                    "*1\r\n$4\r\nPING\r\n", "\u{5}\u{1}\u{0}", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
                ]
            ),
            Attack(name: "TLS hello") { stage in
                let hello: [UInt8] = [0x16, 3, 1, 0, 0xC8, 1, 0, 0, 0xC4, 3, 3] + Array(0..<193)
                return "\(try stage.repeatedly([hello], allowed: [400])) hellos"
            },
            requests(
                "Expect: 100-continue",
                allowed: [200, 405, 413],
                ["GET", "POST"]
                    .flatMap { method in
                        [5, 1 << 30]
                            .map {
                                "\(method) /liveness HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: \($0)\r\n\r\n"
                            }
                    }
            ),
            Attack(name: "random bytes") { stage in
                var generator = SystemRandomNumberGenerator()
                var count = 0
                while !stage.isOver {
                    let bytes = (0..<Int.random(in: 1...3000, using: &generator))
                        .map { _ in UInt8.random(in: 0...255, using: &generator) }
                    count += try stage.repeatedly(once: bytes, allowed: [400, 414, 431])
                }
                return "\(count) connections"
            },
        ]
    }
}

extension AttackStage {
    /// As ``repeatedly(_:allowed:)-swift.method``, one time.
    func repeatedly(once request: [UInt8], allowed: Set<Int>) throws -> Int {
        if let status = try status(request), !allowed.contains(status) {
            throw WrongAnswer(request: "\(request)", status: status)
        }
        return 1
    }
}
