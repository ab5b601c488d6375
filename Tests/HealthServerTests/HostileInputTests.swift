import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// Nothing that a client sends may hurt a probe.
    @Suite struct HostileInputTests {
        /// Short enough for a test to wait for.
        private static var impatient: ServerLimits {
            var limits = ServerLimits()
            limits.patience = .milliseconds(200)
            limits.tick = .milliseconds(20)
            return limits
        }

        private static func stillAnswers(_ test: TestServer) throws {
            #expect(try test.client.get("/liveness").status == 200)
        }

        @Test(arguments: [
            "GET\r\n\r\n", "GET /\r\n\r\n", "GET /liveness HTTP/0.9\r\n\r\n", "GET /liveness HTTP/3.0\r\n\r\n",
            "GET /liveness HTTP/1.1\r\nHost\r\n\r\n", "GET /liveness HTTP/1.1\r\nA: \u{0}b\r\n\r\n",
            "GET /live\u{0}ness HTTP/1.1\r\n\r\n", "\u{0}\u{0}\u{0}\r\n\r\n", "hello\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /liveness HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "GET /liveness HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n",
            "GET /liveness HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET /liveness HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET /liveness HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
            "GET /liveness HTTP/1.1\r\n: nothing\r\n\r\n", "GET /liveness HTTP/1.1\nA B: c\n\n",
            "BREW /liveness HTTP/1.1\r\n\r\n", "GET /providers/B\u{FC}cher/ready HTTP/1.1\r\n\r\n",
        ])
        func whatIsNoHTTPIsRefusedAndTheConnectionClosed(_ text: String) throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.send(text)
            let bytes = try connection.untilClosed()
            let answer = String(decoding: bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 400 ") || answer.hasPrefix("HTTP/1.0 400 "), "\(answer)")
            try Self.stillAnswers(test)
        }

        @Test func aTLSHelloIsRefused() throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.send(
                bytes: [0x16, 0x03, 0x01, 0x00, 0xC8, 0x01, 0x00, 0x00, 0xC4, 0x03, 0x03] + Array(0..<200)
            )
            #expect(String(decoding: try connection.untilClosed(), as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
            try Self.stillAnswers(test)
        }

        @Test func garbageAfterAGoodRequestDoesNotSpoilItsAnswer() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.send("GET /status HTTP/1.1\r\nHost: test\r\n\r\n\u{1}\u{2}garbage\r\n\r\n")
            #expect(try connection.response().status == 200)
            #expect(try connection.response().status == 400)
            #expect(try connection.untilClosed().isEmpty)
        }

        @Test func headsUpToTheLimitAreTaken() throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.get("/liveness", "X: \(String(repeating: "x", count: 8000))\r\n")
            #expect(try connection.response().status == 200)
            try connection.get("/liveness?\(String(repeating: "x", count: 8000))")
            #expect(try connection.response().status == 200)
        }

        @Test func longHeadersAndLongTargetsAreRefused() throws {
            let test = try TestServer()
            let long = String(repeating: "x", count: 8192)
            #expect(try test.exchange("GET /liveness HTTP/1.1\r\nX: \(long)\r\n\r\n").status == 431)
            #expect(try test.exchange("GET /\(long) HTTP/1.1\r\nHost: t\r\n\r\n").status == 414)
            let many = (0..<2000).map { "X\($0): y\r\n" }.joined()
            #expect(try test.exchange("GET /liveness HTTP/1.1\r\n\(many)\r\n").status == 431)
            try Self.stillAnswers(test)
        }

        @Test func paddingAndBlankLinesCountToo() throws {
            let test = try TestServer()
            let spaces = String(repeating: " ", count: 20_000)
            #expect(try test.exchange("GET /liveness HTTP/1.1\r\nX:\(spaces)").status == 431)
            #expect(try test.exchange(String(repeating: "\r\n", count: 20_000)).status == 431)
        }

        @Test func oneWhoSendsHeadersForeverIsCutOff() throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.send("GET /liveness HTTP/1.1\r\n")
            let line = "X: \(String(repeating: "x", count: 1000))\r\n"
            var sent = 0
            do {
                while sent < 64 * 1024 * 1024 {
                    try connection.send(line)
                    sent += line.utf8.count
                }
            } catch TestSupportError.socketFailed {
                // Cut off, as it should be.
            }
            #expect(sent < 64 * 1024 * 1024)
            try Self.stillAnswers(test)
        }

        @Test func oneWhoSendsHeadersSlowlyIsCutOff() throws {
            var limits = Self.impatient
            // So that only time, not the amount, can end it.
            limits.headBytes = 1 << 30
            let test = try TestServer(limits: limits)
            let connection = try test.connect()
            let began = MonotonicTime.now()
            try connection.send("GET /liveness HTTP/1.1\r\nX: ")
            try test.wait { $0.connections == 1 }
            // A byte now and then does not buy time.
            var closed = false
            let deadline = TestServer.deadline
            while !closed, MonotonicTime.now() < deadline {
                do {
                    try connection.send("x")
                    closed = try test.server.load().connections == 0
                } catch TestSupportError.socketFailed {
                    closed = true
                }
            }
            #expect(closed)
            #expect(MonotonicTime.now() - began >= .milliseconds(200))
        }

        @Test func anIdleConnectionIsClosed() throws {
            let test = try TestServer(limits: Self.impatient)
            let fresh = try test.connect()
            let used = try test.connect()
            try used.get("/liveness")
            #expect(try used.response().status == 200)
            #expect(try fresh.untilClosed().isEmpty)
            #expect(try used.untilClosed().isEmpty)
            try test.wait { $0.connections == 0 }
        }

        @Test func aHeldRequestOutlastsTheTimeOut() throws {
            let test = try TestServer(limits: Self.impatient)
            let waiting = try test.connect()
            try waiting.get("/providers/GCP-Secret-Manager/ready?wait=60s")
            let idle = try test.connect()
            #expect(try idle.untilClosed().isEmpty)
            test.take(Situations.allPublished)
            #expect(try waiting.response().status == 200)
        }

        @Test func oneWhoNeverReadsIsCutOff() throws {
            let names = (0..<500).map { "Provider-\($0)" }
            let test = try TestServer(
                Situations.sections(names.map { Situations.desired($0) }, names.map { Situations.published($0) }),
                limits: Self.impatient
            )
            let connection = try test.connect()
            do {
                // More answers than the two sockets can hold between them.
                for _ in 0..<40 { try connection.get("/status") }
            } catch TestSupportError.socketFailed {
                // Cut off already.
            }
            try test.wait { $0.connections == 0 }
            try Self.stillAnswers(test)
        }

        @Test func oneWhoSendsAheadOfAHeldAnswerIsCutOff() throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.get("/providers/P/ready?wait=60s")
            try test.wait { $0.waiters == 1 }
            do {
                for _ in 0..<2000 { try connection.get("/liveness") }
                // Nothing is read while an answer is held; what was sent is read when the client goes.
                connection.finishWriting()
            } catch TestSupportError.socketFailed {
                // Cut off already.
            }
            try test.wait { $0.connections == 0 && $0.waiters == 0 }
            try Self.stillAnswers(test)
        }
    }
}
