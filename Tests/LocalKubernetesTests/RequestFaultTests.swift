import Glibc
import Shared
import TestSupport
import Testing

@testable import LocalKubernetes

/// Each fault of a request, and the log.
@Suite("Faults of requests", .timeLimit(.minutes(1)))
struct RequestFaultTests {
    private static let path = TranscriptPlan.path("/a")

    private static func server() throws -> LocalKubernetesProcess {
        let server = try LocalKubernetesProcess()
        try server.put(configMap: "a", data: ["k": "v"])
        return server
    }

    @Test("a status with the real server's body, or with any; for verbs, names and so many requests")
    func status() throws {
        let server = try Self.server()
        try server.fault(
            #"{"status": 429, "retry_after": 7, "verbs": ["get"], "names": ["a"], "count": 1, "after": 1}"#
        )
        #expect(try server.administrator.get(Self.path).status == 200)
        #expect(try server.administrator.get(TranscriptPlan.path("")).status == 200)
        let busy = try server.administrator.get(Self.path)
        #expect(busy.status == 429)
        #expect(busy.header("Retry-After") == "7")
        #expect(busy.header("Content-Type") == "text/plain; charset=utf-8")
        #expect(busy.text == "Too many requests, please try again later.\n")
        #expect(try server.administrator.get(Self.path).status == 200)
        try server.fault(#"{"status": 502, "body": "<html>", "content_type": "text/html"}"#)
        let odd = try server.administrator.get(Self.path)
        #expect(odd.status == 502 && odd.text == "<html>" && odd.header("Content-Type") == "text/html")
        for (status, reason) in [(401, "Unauthorized"), (504, "Timeout"), (500, "InternalError"), (410, "Expired")] {
            try server.fault(#"{"status": \#(status)}"#)
            let answer = try server.administrator.get(Self.path)
            #expect(answer.status == status)
            #expect(try JSONReader.parse(answer.body)["reason"]?.string == reason)
        }
        try server.clearFaults()
        #expect(try server.administrator.get(Self.path).status == 200)
    }

    @Test("no answer, a closed or reset connection, a late one")
    func delivery() throws {
        let server = try Self.server()
        var hasty = server.administrator
        hasty.timeout = .milliseconds(200)
        try server.fault(#"{"hang": true, "count": 1}"#)
        #expect(throws: TestSupportError.timedOut(waitingFor: "bytes", received: 0)) { try hasty.get(Self.path) }
        try server.fault(#"{"refuse": true, "count": 1}"#)
        #expect(throws: TestSupportError.closedEarly(received: [])) { try server.administrator.get(Self.path) }
        try server.fault(#"{"refuse": "reset", "count": 1}"#)
        #expect(throws: TestSupportError.socketFailed(call: "recv", number: 104)) {
            try server.administrator.get(Self.path)
        }
        try server.fault(#"{"latency_ms": 150, "count": 1}"#)
        let start = MonotonicTime.now()
        #expect(try server.administrator.get(Self.path).status == 200)
        #expect(MonotonicTime.now() - start >= .milliseconds(150))
    }

    @Test("one byte at a time, an answer and a watch")
    func drip() throws {
        let server = try Self.server()
        let whole = try server.administrator.get(Self.path)
        try server.fault(#"{"drip_ms": 1, "count": 1}"#)
        let start = MonotonicTime.now()
        #expect(try server.administrator.get(Self.path).text == whole.text)
        #expect(MonotonicTime.now() - start >= .milliseconds(whole.body.count))
        let watch = try RawWatch(server, "&timeoutSeconds=1")
        try watch.read(until: "ADDED")
        try server.fault(#"{"drip_ms": 1, "open": true}"#)
        try server.put(configMap: "a", data: ["k": "dripped"])
        #expect(try watch.readToEnd() == .complete)
        #expect(watch.text.contains(#""data":{"k":"dripped"}}}"#))
    }

    @Test("nobody listens for a while, then somebody does, at the same port")
    func refuse() throws {
        let server = try Self.server()
        try server.fault(#"{"refuse_seconds": 0.3}"#)
        let deadline = MonotonicTime.now() + .seconds(10)
        var refused = false
        while MonotonicTime.now() < deadline {
            do {
                if try server.administrator.get(Self.path).status == 200, refused { break }
            } catch TestSupportError.connectionRefused {
                refused = true
            } catch {
                continue
            }
        }
        #expect(refused)
        #expect(try server.administrator.get(Self.path).status == 200)
    }

    @Test("a command that is wrong is refused, and changes nothing")
    func wrongCommands() throws {
        let server = try Self.server()
        for json in ["", "[", "{}", #"{"status": 99}"#, #"{"staus": 500}"#, #"{"hang": true, "open": true}"#] {
            #expect(try server.administrator.put("/_faults", json).status == 400, "\(json)")
        }
        for command in ["restore", "nothing", "rotate"] {
            #expect(try server.administrator.put("/_admin/\(command)", #"{"name": "none"}"#).status == 400)
        }
        #expect(try server.administrator.get("/_faults").text == #"{"rules":[]}"#)
        #expect(try server.administrator.get(Self.path).status == 200)
    }

    @Test("the log says who asked for what, and never a token")
    func log() throws {
        let server = try Self.server()
        let last = try #require(try server.requests().last?["id"]?.int)
        let headers = [(name: "User-Agent", value: "tester/1"), (name: "Accept-Encoding", value: "gzip")]
        _ = try server.administrator.get("\(Self.path)?resourceVersion=0", headers: headers)
        _ = try TestHTTPClient(server.url).get(Self.path)
        let entries = try server.requests(since: last)
        #expect(entries.count == 2)
        #expect(entries[0]["method"] == "GET" && entries[0]["status"] == 200 && entries[0]["authorization"] == true)
        #expect(entries[0]["path"]?.string == "\(Self.path)?resourceVersion=0")
        #expect(entries[0]["user_agent"] == "tester/1" && entries[0]["accept_encoding"] == "gzip")
        #expect(entries[1]["status"] == 403 && entries[1]["authorization"] == false)
        #expect(!(try server.administrator.get("/_requests").text.contains(TranscriptPlan.administrator)))
    }

    @Test("who asks to wait gets the news when it comes")
    func waiting() throws {
        let server = try Self.server()
        let last = try #require(try server.requests().last?["id"]?.int)
        let start = MonotonicTime.now()
        let deadline = start + .seconds(10)
        let socket = try TestSocket(host: "127.0.0.1", port: server.port, deadline: deadline)
        let head = "GET /_requests?since=\(last)&wait_ms=9000 HTTP/1.1\r\nHost: a\r\n\r\n"
        try socket.write(Array(head.utf8), deadline: deadline)
        #expect(throws: TestSupportError.timedOut(waitingFor: "bytes", received: 0)) {
            try socket.read(deadline: start + .milliseconds(100))
        }
        _ = try server.administrator.get(Self.path)
        var answer = ""
        while !answer.contains("\"verb\":\"get\"") {
            let bytes = try socket.read(deadline: start + .seconds(8))
            if bytes.isEmpty { break }
            answer += String(decoding: bytes, as: UTF8.self)
        }
        #expect(answer.contains("\"verb\":\"get\""))
        #expect(try server.waitForRequests(since: last) { $0.count == 1 }.count == 1)
    }

    @Test("writes that conflict, and objects in several namespaces")
    func writes() throws {
        let server = try Self.server()
        try server.put(configMap: "a", namespace: "other", data: ["k": "elsewhere"])
        #expect(try server.put(configMap: "a", data: ["k": "v"]) == "2")
        let stale = #"{"metadata": {"name": "a", "resourceVersion": "1"}, "data": {"k": "w"}}"#
        #expect(try server.administrator.put(Self.path, stale).status == 409)
        #expect(try server.administrator.post(TranscriptPlan.path(""), #"{"metadata": {"name": "a"}}"#).status == 409)
        #expect(try server.administrator.put(TranscriptPlan.path("/b"), #"{"metadata": {"name": "b"}}"#).status == 404)
        #expect(try server.administrator.get(Self.path).text.contains(#""k":"v""#))
        #expect(try server.administrator.get("/api/v1/namespaces/other/configmaps/a").text.contains("elsewhere"))
    }

    @Test("programs get compact JSON, curl gets it indented")
    func indentation() throws {
        let server = try Self.server()
        let compact = try server.administrator.get(Self.path).text
        #expect(compact.hasPrefix(#"{"kind":"ConfigMap","#) && compact.hasSuffix("}\n"))
        let curl = try server.administrator.get(Self.path, headers: [(name: "User-Agent", value: "curl/8")]).text
        #expect(curl.hasPrefix("{\n  \"kind\"") && curl.hasSuffix("\n}"))
    }

    @Test(
        "gzip of stored blocks, checked by gzip itself",
        .enabled(if: access("/bin/gzip", X_OK) == 0, "no gzip on this machine"),
        arguments: [0, 1, 65_535, 65_536, 200_000]
    )
    func gzip(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/file.gz"
        let file = try FileDescriptor(opening: path, flags: 0o101)
        try writeAll(file.number, StoredGzip.encode(bytes), subject: path)
        let child = try TestChildProcess("/bin/gzip", ["-d", path])
        let end = try child.wait(within: .seconds(10))
        #expect(end.exit == .code(0), "\(end.output)")
        #expect(try RepositoryFile.bytes("\(directory.path)/file") == bytes)
    }
}
