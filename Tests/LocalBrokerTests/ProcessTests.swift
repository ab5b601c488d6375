import Glibc
import Shared
import TestSupport
import Testing

/// The executable itself.
@Suite("local-broker as a process", .timeLimit(.minutes(1)))
struct ProcessTests {
    @Test("listens on a free port, answers, and stops with exit code 0 on SIGTERM")
    func startsAndStops() throws {
        let broker = try LocalBrokerProcess()
        #expect(try broker.client.get("/diagnostic/status/heartbeat").status == 200)
        try broker.faults(#"{"status": 503}"#)
        #expect(try broker.client.get("/").status == 503)
        try broker.clearFaults()
        #expect(try broker.client.get("/").status == 200)
        #expect(try JSONReader.parse(Array(try broker.requests(since: 1).utf8)).array?.count == 2)
        #expect(broker.stop() == .code(0))
        #expect(throws: TestSupportError.connectionRefused("127.0.0.1:\(broker.port)")) { try broker.client.get("/") }
    }

    @Test("says in its log what it sent, and what it received if that was anything")
    func logsWhatItSent() throws {
        let path = try BuiltProducts.path("local-broker")
        let child = try TestChildProcess(path, ["--port", "0", "--until-stdin-closes"])
        var line = try #require(try child.readLine(within: .seconds(10)))
        let client = try TestHTTPClient(String(line.dropFirst("listening on ".count)))
        let sent = Array(try client.get("/diagnostic/status/heartbeat").text.utf8).count
        line = try #require(try child.readLine(within: .seconds(10)))
        #expect(sent > 0 && line.hasSuffix("GET /diagnostic/status/heartbeat: 200, \(sent) bytes sent"), "\(line)")
        _ = try client.put("/pacts/provider/P/consumer/C/version/1", "x")
        line = try #require(try child.readLine(within: .seconds(10)))
        #expect(line.hasSuffix(" bytes sent, 1 byte received"), "\(line)")
    }

    @Test("answers what is in flight when it is told to stop")
    func stopsGracefully() throws {
        let broker = try LocalBrokerProcess()
        try broker.faults(#"{"latency_ms": 300}"#)
        let deadline = MonotonicTime.now() + .seconds(10)
        let socket = try TestSocket(host: "127.0.0.1", port: broker.port, deadline: deadline)
        try socket.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), deadline: deadline)
        // The log tells that the request has arrived.
        while try !broker.requests().contains(#""path":"/""#), MonotonicTime.now() < deadline {}
        #expect(broker.stop() == .code(0))
        let answer = String(decoding: try socket.read(deadline: deadline), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 200"))
    }

    @Test("a taken port is named, with what to do, and the exit code is 71")
    func portTaken() throws {
        let first = try LocalBrokerProcess()
        let path = try BuiltProducts.path("local-broker")
        let second = try TestChildProcess(path, ["--port", String(first.port)])
        let end = try second.wait(within: .seconds(10))
        #expect(end.exit == .code(71))
        #expect(end.output.contains("port \(first.port) on 127.0.0.1 is taken"))
    }

    @Test("wrong usage is exit code 64", arguments: [[], ["--port", "0", "--username", "u"], ["--port", "x"]])
    func usage(_ arguments: [String]) throws {
        let child = try TestChildProcess(try BuiltProducts.path("local-broker"), arguments)
        #expect(try child.wait(within: .seconds(10)).exit == .code(64))
    }

    @Test("the port opens only after the start delay, and a signal meanwhile ends it")
    func startDelay() throws {
        let start = MonotonicTime.now()
        let broker = try LocalBrokerProcess(arguments: ["--start-delay", "0.5"])
        #expect(MonotonicTime.now() - start >= .milliseconds(500))
        let port = broker.port
        broker.kill()
        let path = try BuiltProducts.path("local-broker")
        let slow = try TestChildProcess(path, ["--port", String(port), "--start-delay", "60"])
        // From here on it has blocked its signals and waits.
        #expect(try slow.readLine(within: .seconds(10))?.contains("opens in 60") ?? false)
        #expect(throws: TestSupportError.connectionRefused("127.0.0.1:\(port)")) { try broker.client.get("/") }
        #expect(slow.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }

    @Test("credentials are asked for, and the client of the fixture has them")
    func credentials() throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "s3cret:x")
        #expect(try broker.client.get("/").status == 200)
        #expect(try TestHTTPClient(broker.url).get("/").status == 401)
        #expect(try TestHTTPClient(broker.url).put("/_faults", #"{"status":500}"#).status == 401)
    }

    @Test("the same port can be taken again at once, and a directory outlives a kill")
    func comesBack() throws {
        let directory = try TemporaryDirectory()
        let first = try LocalBrokerProcess(arguments: ["--directory", directory.path])
        #expect(try first.client.post("/pacticipants", #"{"name": "Kept"}"#).status == 201)
        first.kill()
        let second = try LocalBrokerProcess(arguments: ["--directory", directory.path], port: first.port)
        #expect(try second.client.get("/pacticipants/Kept").status == 200)
        second.stop()
        #expect(Set(try FileNames.inDirectory(directory.path)) == ["broker.json", "lock", "contents"])
    }

    @Test("ends when whoever started it goes away")
    func endsWithItsParent() throws {
        let child = try TestChildProcess(
            try BuiltProducts.path("local-broker"),
            ["--port", "0", "--until-stdin-closes", "--quiet"]
        )
        #expect(try child.readLine(within: .seconds(10))?.hasPrefix("listening on http://127.0.0.1:") ?? false)
        child.closeInput()
        #expect(try child.wait(within: .seconds(10)).exit == .code(0))
    }
}
