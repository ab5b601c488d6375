import Glibc
import Shared
import SharedHTTP
import TestSupport
import Testing

@testable import Publisher

@Suite("HTTP over libcurl", .timeLimit(.minutes(1)))
struct CurlMultiTests {
    /// Performs one request; no turn may take longer than the wait it was given plus a little.
    private func perform(
        _ request: HTTPRequest,
        on multi: CurlMulti? = nil,
        onChunk: StreamReceiver? = nil
    ) throws -> Result<HTTPResponse, TransportError> {
        let multi = try multi ?? CurlMulti()
        let id = try multi.start(request, onChunk: onChunk)
        while true {
            let started = MonotonicTime.now()
            let turn = multi.turn(waitingUpTo: .milliseconds(500))
            #expect(MonotonicTime.now() - started < .seconds(5), "a turn must never block")
            if let finished = turn.finished.first(where: { $0.id == id }) { return finished.result }
        }
    }

    private func failure(_ result: Result<HTTPResponse, TransportError>) -> TransportError.Kind? {
        if case .failure(let error) = result { error.kind } else { nil }
    }

    @Test func `an answer comes with status, headers in any case and body`() throws {
        let server = try StubHTTPServer { request in
            .response(207, headers: [("X-Pact-Broker-Version", " 2.120.0 ")], body: Array("\(request.path)".utf8))
        }
        defer { server.stop() }
        let response = try perform(HTTPRequest(.get, server.url + "/a%2Fb/../c")).get()
        #expect(response.status == 207)
        #expect(response.headers["x-PACT-broker-version"] == "2.120.0")
        #expect(String(decoding: response.body, as: UTF8.self) == "/a%2Fb/../c", "paths are sent as they are")
        let request = try #require(server.requests.first)
        #expect(request.header("expect") == nil)
        #expect(request.header("accept-encoding") == nil)
        #expect(request.header("user-agent") == "pact-mocks-manager/\(BuildVersion.number)")
        #expect(request.header("authorization") == nil)
    }

    @Test func `credentials go out with the first request and never show in text`() throws {
        let server = try StubHTTPServer { _ in .response() }
        defer { server.stop() }
        let basic = HTTPCredentials.basic(username: "pact", password: "s3cret")
        _ = try perform(HTTPRequest(.get, server.url, credentials: basic)).get()
        _ = try perform(HTTPRequest(.get, server.url, credentials: .bearer("t0ken"))).get()
        #expect(server.requests.map { $0.header("authorization") } == ["Basic cGFjdDpzM2NyZXQ=", "Bearer t0ken"])
        #expect(!"\(basic)".contains("s3cret") && !String(reflecting: basic).contains("s3cret"))
    }

    @Test func `a long answer to a publication is cut, not an error`() throws {
        let contract = [UInt8](repeating: UInt8(ascii: "x"), count: 9_000_000)
        let server = try StubHTTPServer { _ in .response(201, body: contract) }
        defer { server.stop() }
        let client = BrokerClient(try Settings(environment: ProcessEnvironment(["BROKER_URL": server.url])))
        let content = DesiredContent(sha256: "s", bytes: contract.count)
        let batch = PublicationBatch(
            consumer: "c",
            version: "1",
            isSingle: true,
            items: [.init(provider: "p", content: content)]
        )
        let request = try #require(
            client.httpRequest(.publish(batch), credentials: .none, contents: { _ in Array("{}".utf8) })
        )
        let answer = try perform(request)
        #expect((try answer.get()).status == 201)
        #expect((try answer.get()).body.count <= 1024 * 1024)
        guard case .published = BrokerAnswer.outcome(of: .publish, answer) else {
            Issue.record("\(BrokerAnswer.outcome(of: .publish, answer))")
            return
        }
    }

    @Test func `a redirect is handed over, not followed`() throws {
        let target = try StubHTTPServer { _ in .response() }
        defer { target.stop() }
        let location = target.url
        let server = try StubHTTPServer { _ in .response(302, headers: [("Location", "\(location)/stolen")]) }
        defer { server.stop() }
        let credentials = HTTPCredentials.basic(username: "pact", password: "s3cret")
        let response = try perform(HTTPRequest(.get, server.url, credentials: credentials)).get()
        #expect(response.status == 302)
        #expect(target.connections == 0)
    }

    @Test func `nobody listening is refused`() throws {
        let port = try #require(try unusedPort())
        #expect(failure(try perform(HTTPRequest(.get, "http://127.0.0.1:\(port)/"))) == .refused)
    }

    @Test func `a name that cannot exist is a DNS failure`() throws {
        #expect(failure(try perform(HTTPRequest(.get, "http://broker.invalid/"))) == .dns)
    }

    @Test func `other protocols are not spoken`() throws {
        #expect(failure(try perform(HTTPRequest(.get, "file:///etc/passwd"))) != nil)
    }

    @Test func `a server that never answers is a timeout, and the loop turns meanwhile`() throws {
        let server = try StubHTTPServer { _ in .hang }
        defer { server.stop() }
        let started = MonotonicTime.now()
        let result = try perform(HTTPRequest(.get, server.url, timeout: .milliseconds(700)))
        #expect(failure(result) == .timeout)
        #expect(MonotonicTime.now() - started < .seconds(10))
    }

    @Test func `an answer that drips is cut off by the total time`() throws {
        let bytes =
            Array("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".utf8) + [UInt8](repeating: 120, count: 100)
        let server = try StubHTTPServer { _ in .drip(bytes, size: 3, pause: .milliseconds(50)) }
        defer { server.stop() }
        #expect(failure(try perform(HTTPRequest(.get, server.url, timeout: .milliseconds(400)))) == .timeout)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123", "no HTTP at all\r\n\r\n"])
    func `a connection that ends in the middle is disconnected`(text: String) throws {
        let server = try StubHTTPServer { _ in .sendAndClose(Array(text.utf8)) }
        defer { server.stop() }
        #expect(failure(try perform(HTTPRequest(.get, server.url))) == .disconnected)
    }

    @Test func `five megabytes go there and back`() throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let server = try StubHTTPServer { .response(body: $0.body) }
        defer { server.stop() }
        let response = try perform(HTTPRequest(.post, server.url, body: body, responseLimit: 6_000_000)).get()
        #expect(response.body == body)
        #expect(server.requests.first?.method == "POST")
    }

    @Test func `an answer above the limit is cut off`() throws {
        let server = try StubHTTPServer { _ in .response(body: [UInt8](repeating: 65, count: 2_000_000)) }
        defer { server.stop() }
        #expect(failure(try perform(HTTPRequest(.get, server.url, responseLimit: 1_000_000))) == .tooLarge)
        #expect(try perform(HTTPRequest(.get, server.url, responseLimit: 2_000_000)).get().body.count == 2_000_000)
    }

    @Test func `endless headers are cut off`() throws {
        let lines = (0..<8000).map { ("X-\($0)", String(repeating: "v", count: 60)) }
        let server = try StubHTTPServer { _ in .response(headers: lines) }
        defer { server.stop() }
        #expect([.tooLarge, .disconnected, .other].contains(failure(try perform(HTTPRequest(.get, server.url)))))
    }

    @Test func `one connection serves many requests`() throws {
        let server = try StubHTTPServer { _ in .response() }
        defer { server.stop() }
        let multi = try CurlMulti()
        for _ in 0..<5 { _ = try perform(HTTPRequest(.get, server.url), on: multi).get() }
        #expect(server.connections == 1)
        #expect(server.requests.count == 5)
    }

    @Test func `a stream is handed over piece by piece and can be ended`() throws {
        let bytes = Array("HTTP/1.1 200 OK\r\n\r\none\ntwo\nthree\n".utf8)
        let server = try StubHTTPServer { _ in .drip(bytes, size: 4, pause: .milliseconds(5)) }
        defer { server.stop() }
        var received: [UInt8] = []
        let all = try perform(HTTPRequest(.get, server.url, timeout: nil)) { part in
            #expect(part.status == 200)
            received += Array(part.bytes)
            return true
        }
        #expect(try all.get().body.isEmpty)
        #expect(String(decoding: received, as: UTF8.self) == "one\ntwo\nthree\n")
        let ended = try perform(HTTPRequest(.get, server.url)) { _ in false }
        #expect(failure(ended) == .cancelled)
    }

    @Test func `a readable descriptor ends the wait while a request is in flight`() throws {
        let server = try StubHTTPServer { _ in .hang }
        defer { server.stop() }
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let multi = try CurlMulti()
        let id = try multi.start(HTTPRequest(.get, server.url))
        #expect(multi.turn(waitingUpTo: .milliseconds(1), descriptors: [ends[0]]).ready.isEmpty)
        #expect(write(ends[1], "x", 1) == 1)
        var ready: [Int32] = []
        let started = MonotonicTime.now()
        while ready.isEmpty, MonotonicTime.now() - started < .seconds(20) {
            ready = multi.turn(waitingUpTo: .seconds(20), descriptors: [ends[0]]).ready
        }
        #expect(ready == [ends[0]])
        #expect(MonotonicTime.now() - started < .seconds(10))
        multi.cancel(id)
        #expect(multi.inFlight == 0)
    }

    @Test func `what a stream brings before the wait ends the turn, for nothing more may come for minutes`() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #expect(bind(listener, $0, length) == 0 && listen(listener, 1) == 0)
                #expect(getsockname(listener, $0, &length) == 0)
            }
        }
        let multi = try CurlMulti()
        // A timer of libcurl's would end the wait too: none may be due within it.
        var bytes = 0
        let url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        let id = try multi.start(HTTPRequest(.get, url, connectTimeout: .seconds(60), timeout: nil)) { part in
            bytes += part.bytes.count
            return true
        }
        // The request is sent, and libcurl has nothing to do but wait.
        _ = multi.turn(waitingUpTo: .milliseconds(1))
        let connection = accept(listener, nil, nil)
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, 0) == 0 { _ = multi.turn(waitingUpTo: .milliseconds(1)) }
        #expect(recv(connection, &buffer, buffer.count, 0) > 0)
        // libcurl's own timer of the connect (200 ms, "happy eyeballs") goes off: nothing else would end a wait now.
        _ = multi.turn(waitingUpTo: .seconds(1))
        let answer = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n".utf8)
        #expect(send(connection, answer, answer.count, 0) == answer.count)
        // On loopback it is in libcurl's socket by now: the turn's first step takes it.
        let started = MonotonicTime.now()
        _ = multi.turn(waitingUpTo: .seconds(20))
        #expect(bytes == 3)
        #expect(MonotonicTime.now() - started < .seconds(10))
        multi.cancel(id)
    }

    @Test func `a CA file that is not there is a TLS failure with its name`() throws {
        let server = try StubHTTPServer { _ in .hang }
        defer { server.stop() }
        let url = "https" + server.url.dropFirst(4)
        let result = try perform(
            HTTPRequest(.get, url, connection: .init(caFile: "/nonexistent/ca.pem"), timeout: .seconds(2))
        )
        guard case .failure(let error) = result else {
            Issue.record("no TLS server is there")
            return
        }
        #expect(error.kind == .tls)
        #expect(error.detail.contains("/nonexistent/ca.pem"))
    }

    /// A port on which nobody listens: one that was bound a moment ago.
    private func unusedPort() throws -> Int? {
        let server = try StubHTTPServer { _ in .hang }
        let port = server.url.split(separator: ":").last.flatMap { Int($0) }
        server.stop()
        let deadline = MonotonicTime.now() + .seconds(10)
        while MonotonicTime.now() < deadline {
            if let port,
                case .failure(let error) = try perform(
                    HTTPRequest(.get, "http://127.0.0.1:\(port)/", timeout: .milliseconds(200))
                ), error.kind == .refused
            {
                return port
            }
        }
        return nil
    }
}
