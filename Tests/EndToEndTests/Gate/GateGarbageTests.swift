import Glibc
import Shared
import Synchronization
import TestSupport
import Testing

/// Servers that are not what they should be, and then are.
@Suite(.serialized, .timeLimit(.minutes(3))) struct GateGarbageTests {
    struct Fault: CustomTestStringConvertible, Sendable {
        var name: String
        /// What the gate says about it.
        var word: String
        var answer: StubHTTPServer.Answer

        var testDescription: String { name }
    }

    static func text(_ text: String) -> StubHTTPServer.Answer { .sendAndClose(Array(text.utf8)) }

    static let faults = [
        Fault(name: "HTML", word: "not one of a manager", answer: .response(200, body: Array("<html></html>".utf8))),
        Fault(
            name: "JSON of something else",
            word: "not one of",
            answer: .response(200, body: Array(#"{"ok":1}"#.utf8))
        ),
        Fault(name: "500", word: "answers 500", answer: .response(500)),
        Fault(
            name: "a redirect",
            word: "redirects to http://x/",
            answer: .response(301, headers: [("Location", "http://x/")])
        ),
        Fault(name: "no HTTP", word: "not HTTP", answer: text("SSH-2.0-OpenSSH_9.2\r\n")),
        Fault(name: "nothing at all", word: "without an answer", answer: text("")),
        Fault(name: "half a head", word: "within its answer", answer: text("HTTP/1.1 200 OK\r\nContent-")),
        Fault(
            name: "half a body",
            word: "within its answer",
            answer: text("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"ready\":true}")
        ),
        Fault(
            name: "half of a chunked body",
            word: "within its answer",
            answer: text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n{\"ready\":true}\r\n")
        ),
        Fault(
            name: "more than is read",
            word: "more than 4 MiB",
            answer: .response(200, body: [UInt8](repeating: 0x20, count: 5 << 20))
        ),
        Fault(
            name: "an endless head",
            word: "waiting for",
            answer: .sendAndClose(Array("HTTP/1.1 200 OK\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 4 << 20))
        ),
        Fault(
            name: "terminal control in a reason",
            word: #"\x1b[2J"#,
            answer: .response(503, body: Array(#"{"ready":false,"reason":"x","detail":"\u001b[2J\n"}"#.utf8))
        ),
    ]

    @Test(arguments: faults) func isToldAndSurvived(fault: Fault) throws {
        let isWell = Mutex(false)
        let server = try StubHTTPServer { _ in
            isWell.withLock { $0 } ? .response(200, body: Array(#"{"ready":true,"provider":"P"}"#.utf8)) : fault.answer
        }
        defer { server.stop() }
        let gate = try GateProcess.start(
            ["--provider", "P", "--manager", server.url, "--timeout", "60s"],
            command: GateProcess.report
        )
        let line = try GateProcess.line(gate, containing: fault.word)
        #expect(!line.utf8.contains(0x1B))
        isWell.withLock { $0 = true }
        let (exit, output) = try gate.wait(within: .seconds(40))
        #expect(exit == .code(0) && output.contains("READY=1"), "\(output)")
        #expect(output.contains("PACT_CONTRACTS=[]"), "\(output)")
    }

    /// Servers that take the question and never end their answer: the gate's own time is what ends it.
    @Test(arguments: [
        StubHTTPServer.Answer.hang,
        .drip(Array(repeating: 0x61, count: 10_000), size: 1, pause: .milliseconds(20)),
        .drip(
            Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 0x20, count: 10_000),
            size: 64,
            pause: .milliseconds(50)
        ),
    ])
    func anEndlessAnswerDoesNotOutlastTheTimeout(answer: StubHTTPServer.Answer) throws {
        let server = try StubHTTPServer { _ in answer }
        defer { server.stop() }
        let started = MonotonicTime.now()
        let gate = try GateProcess.start(
            ["--provider", "P", "--manager", server.url, "--timeout", "1500ms"],
            command: GateProcess.report
        )
        let (exit, output) = try gate.wait(within: .seconds(20))
        let time = MonotonicTime.now() - started
        #expect(exit == .code(0) && output.contains("READY=0"), "\(output)")
        #expect(time >= .milliseconds(1500) && time < .seconds(10), "\(time)")
    }
}
