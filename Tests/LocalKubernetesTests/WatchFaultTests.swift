import Shared
import TestSupport
import Testing

/// Each fault of a watch, as the bytes on the wire show it.
@Suite("Faults of watches", .timeLimit(.minutes(1)))
struct WatchFaultTests {
    private static let expired = #""reason":"Expired","code":410}}"#

    @Test("an event's line is cut after so many bytes, by a FIN or a reset", arguments: [false, true])
    func drop(_ reset: Bool) throws {
        let server = try LocalKubernetesProcess()
        let version = try server.put(configMap: "a", data: ["k": "first"])
        let watch = try RawWatch(server, "&resourceVersion=\(version)")
        try watch.read(until: "\r\n\r\n")
        try server.fault(#"{"drop_after_bytes": 40, "open": true, "reset": \#(reset)}"#)
        try server.put(configMap: "a", data: ["k": "second"])
        #expect(try watch.readToEnd() == (reset ? .reset : .closed))
        let line = #"{"type":"MODIFIED","object":{"kind":"Con"#
        // The chunk's length promises the whole line.
        #expect(watch.text.hasSuffix("\r\n\(line)") && !watch.text.contains("ConfigMap"), "\(watch.text)")
        #expect(try server.watches().isEmpty)
    }

    @Test("a stalled watch gets nothing and no end, others do; what it misses is lost")
    func stall() throws {
        let server = try LocalKubernetesProcess()
        let version = try server.put(configMap: "a", data: ["k": "first"])
        let stalled = try RawWatch(server, "&resourceVersion=\(version)&timeoutSeconds=1&allowWatchBookmarks=1")
        try stalled.read(until: "\r\n\r\n")
        try server.fault(#"{"stall": true, "open": true}"#)
        let other = try RawWatch(server, "&resourceVersion=\(version)&timeoutSeconds=1")
        try other.read(until: "\r\n\r\n")
        try server.put(configMap: "a", data: ["k": "second"])
        // The other's end is later than the end that the stalled one asked for.
        #expect(try other.readToEnd() == .complete)
        #expect(other.text.contains("second"))
        let before = stalled.received.count
        #expect(throws: TestSupportError.timedOut(waitingFor: "bytes", received: before)) {
            try stalled.readToEnd(within: .milliseconds(300))
        }
    }

    @Test("a new watch can be stalled: its head comes, nothing else")
    func stallNew() throws {
        let server = try LocalKubernetesProcess()
        try server.put(configMap: "a", data: ["k": "v"])
        try server.fault(#"{"stall": true, "count": 1}"#)
        let watch = try RawWatch(server)
        try watch.read(until: "\r\n\r\n")
        #expect(try server.waitForWatches { $0.count == 1 }.first?["stalled"] == true)
        #expect(watch.text.hasSuffix("\r\n\r\n"))
        let next = try RawWatch(server, "&timeoutSeconds=1")
        #expect(try next.readToEnd() == .complete)
        #expect(next.text.contains("ADDED"))
    }

    @Test("410 for the open watches, and for so many new ones: a storm")
    func expiredVersions() throws {
        let server = try LocalKubernetesProcess()
        let version = try server.put(configMap: "a", data: ["k": "v"])
        let open = try RawWatch(server, "&resourceVersion=\(version)")
        try open.read(until: "\r\n\r\n")
        try server.fault(#"[{"expired": true, "open": true}, {"expired": true, "count": 2}]"#)
        #expect(try open.readToEnd() == .complete)
        #expect(open.text.contains(Self.expired))
        for _ in 0..<2 {
            let watch = try RawWatch(server, "&resourceVersion=\(version)")
            #expect(try watch.readToEnd() == .complete)
            #expect(watch.text.contains("too old resource version: \(version) (\(version))\",\(Self.expired)"))
        }
        let watch = try RawWatch(server, "&resourceVersion=\(version)&timeoutSeconds=1")
        #expect(try watch.readToEnd() == .complete)
        #expect(!watch.text.contains("ERROR"))
    }

    @Test("open watches are ended cleanly, cut, or given an error, by name")
    func endsByName() throws {
        let server = try LocalKubernetesProcess()
        let version = try server.put(configMap: "a", data: ["k": "v"])
        let watches = try ["a", "b", "c", "d"].map { try RawWatch(server, name: $0, "&resourceVersion=\(version)") }
        for watch in watches { try watch.read(until: "\r\n\r\n") }
        try server.fault(#"[{"end": true, "names": "a"}, {"cut": true, "names": ["b"]}]"#)
        try server.fault(#"[{"cut": "reset", "names": ["c"]}, {"error_event": 500, "open": true, "names": "d"}]"#)
        #expect(try watches.map { try $0.readToEnd() } == [.complete, .closed, .reset, .complete])
        #expect(watches[3].text.contains(#""type":"ERROR""#) && watches[3].text.contains(#""code":500}}"#))
        #expect(!watches[0].text.contains("ERROR"))
    }

    @Test("after a restore the versions are older: a watch from before stays silent, a new one sees the old object")
    func restore() throws {
        let server = try LocalKubernetesProcess()
        let old = try server.put(configMap: "a", data: ["k": "old"])
        try server.snapshot()
        try server.bump(by: 10)
        let new = try server.put(configMap: "a", data: ["k": "new"])
        let open = try RawWatch(server, "&resourceVersion=\(new)&timeoutSeconds=4&allowWatchBookmarks=1")
        try open.read(until: "\r\n\r\n")
        try server.restore()
        let answer = try server.administrator.get(TranscriptPlan.path("/a"))
        #expect(answer.text.contains(#""resourceVersion":"\#(old)""#) && answer.text.contains("\"old\""))
        let resumed = try RawWatch(server, "&resourceVersion=\(new)&timeoutSeconds=4&allowWatchBookmarks=1")
        let fresh = try RawWatch(server, "&timeoutSeconds=3")
        try fresh.read(until: "\"old\"")
        try server.put(configMap: "a", data: ["k": "after the restore"])
        try fresh.read(until: "after the restore")
        for watch in [open, resumed] {
            #expect(try watch.readToEnd() == .complete)
            #expect(watch.text.hasSuffix("\r\n\r\n0\r\n\r\n"), "\(watch.text)")
        }
    }

    @Test("bookmarks come as often as asked, without an event, with the server's version")
    func bookmarks() throws {
        let server = try LocalKubernetesProcess(arguments: ["--bookmark-interval", "0.05"])
        let version = try server.put(configMap: "a", data: ["k": "v"])
        let watch = try RawWatch(server, "&resourceVersion=\(version)&allowWatchBookmarks=true")
        try watch.read(until: #""resourceVersion":"2"}}}"#)
        try server.bump(by: 5)
        try watch.read(
            until:
                #"{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7"}}}"#
        )
        #expect(!watch.text.contains("MODIFIED"))
    }

    @Test("a short history makes an old version too old, with the recorded words")
    func shortHistory() throws {
        let server = try LocalKubernetesProcess(arguments: ["--history", "2"])
        for value in ["1", "2", "3", "4"] { try server.put(configMap: "a", data: ["k": value]) }
        let resumed = try RawWatch(server, "&resourceVersion=3&timeoutSeconds=1")
        #expect(try resumed.readToEnd() == .complete)
        #expect(resumed.text.contains(#""k":"3""#) && resumed.text.contains(#""k":"4""#))
        let late = try RawWatch(server, "&resourceVersion=2&timeoutSeconds=1")
        #expect(try late.readToEnd() == .complete)
        #expect(late.text.contains(#""message":"too old resource version: 2 (3)","reason":"Expired","code":410"#))
        try server.forgetHistory()
        try server.bump()
        let forgotten = try RawWatch(server, "&resourceVersion=3&timeoutSeconds=1")
        #expect(try forgotten.readToEnd() == .complete)
        #expect(forgotten.text.contains("too old resource version: 3 (5)"))
    }

    @Test("a killed server cuts its watches; SIGTERM ends them cleanly")
    func ends() throws {
        let killed = try LocalKubernetesProcess()
        let cut = try RawWatch(killed)
        try cut.read(until: "\r\n\r\n")
        killed.kill()
        #expect(try cut.readToEnd() == .closed)
        let stopped = try LocalKubernetesProcess()
        let ended = try RawWatch(stopped)
        try ended.read(until: "\r\n\r\n")
        stopped.stop()
        #expect(try ended.readToEnd() == .complete)
    }
}
