import Shared
import TestSupport
import Testing

/// What an API server or the network may do to a watch; the built `watcher` comes back from each.
@Suite("the watcher and a faulty API", .timeLimit(.minutes(1)))
struct KubernetesFaultTests {
    /// A fault that hits the open watch, and perhaps what comes after it.
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var fault: String
        /// The edit that is made next must be what sets it off.
        var needsEvent = false
        var reason: WatchRestart
        /// What status says before the fault ends; `nil`: it is over before anybody could see it.
        var code: String?
        var detail = ""

        var testDescription: String { name }
    }

    static let rows = [
        Row(name: "the connection ends", fault: #"{"cut": true}"#, reason: .dropped),
        Row(name: "a reset", fault: #"{"cut": "reset"}"#, reason: .dropped),
        Row(
            name: "the connection ends in the middle of a line",
            fault: #"{"drop_after_bytes": 40, "open": true}"#,
            needsEvent: true,
            reason: .dropped
        ),
        Row(
            name: "a reset in the middle of a line",
            fault: #"{"drop_after_bytes": 40, "reset": true, "open": true}"#,
            needsEvent: true,
            reason: .dropped
        ),
        Row(name: "the server ends the watch", fault: #"{"end": true}"#, reason: .ended),
        Row(name: "410 now", fault: #"{"expired": true, "open": true}"#, reason: .expired),
        Row(
            name: "410 again and again",
            fault: #"[{"expired": true}, {"expired": true, "open": true}]"#,
            reason: .expired,
            code: "expired",
            detail: "says again and again that what it just said is too old (410)"
        ),
        Row(
            name: "an ERROR event 500",
            fault: #"{"error_event": 500, "open": true}"#,
            reason: .error,
            code: "error 500",
            detail: "ended a watch: context deadline exceeded"
        ),
        Row(
            name: "429, which is plain text",
            fault: #"[{"status": 429, "retry_after": 1, "verbs": ["watch"]}, {"end": true}]"#,
            reason: .refused,
            code: "throttled",
            detail: "answers 429: "
        ),
        Row(
            name: "503 while it shuts down",
            fault: #"[{"status": 503, "retry_after": 1, "verbs": ["watch"]}, {"end": true}]"#,
            reason: .refused,
            code: "HTTP 503",
            detail: "answers 503: apiserver is shutting down"
        ),
        Row(
            name: "504",
            fault: #"[{"status": 504, "verbs": ["watch"]}, {"end": true}]"#,
            reason: .refused,
            code: "HTTP 504",
            detail: "answers 504: "
        ),
        Row(
            name: "connections that end before the answer",
            fault: #"[{"refuse": true, "verbs": ["watch"]}, {"cut": true}]"#,
            reason: .refused,
            code: "disconnected",
            detail: "cannot be reached: "
        ),
    ]

    @Test(
        "each fault: what is edited during and after it arrives, in order, and it is told and counted",
        arguments: rows
    )
    func fault(_ row: Row) throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        let history = KubernetesHistory()
        try history.whileWatching(watcher) {
            // An event: from here on the watch is one that has said something.
            try fixture.edit(2)
            try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
            try fixture.api.fault(row.fault)
            try fixture.edit(3)
            if let code = row.code {
                let during = try watcher.wait(for: "\(code)") {
                    $0.configMap?.problem?.code == code && $0.restarts(row.reason) > 0
                }
                #expect(during.configMap?.problem?.detail.contains(row.detail) == true, "\(during.configMaps)")
                #expect(during.configMap?.connection != .watching && during.configMap?.problemSince != nil)
                #expect(during.edit >= 2 && during.status == .present, "the last good one goes on")
                try fixture.edit(4)
                try fixture.api.clearFaults()
            } else {
                try watcher.wait(for: "edit 3") { $0.edit == 3 }
                try fixture.edit(4)
            }
            let after = try watcher.wait(for: "edit 4") { $0.isFollowing(4) }
            #expect(after.restarts(row.reason) >= 1, "\(after.configMaps)")
            let others = after.configMap?.restarts.filter { $0.key != row.reason.rawValue } ?? [:]
            // What comes first when a watch ends and the next one is refused.
            #expect(others.keys.allSatisfy { row.code != nil && ["ended", "dropped"].contains($0) }, "\(others)")
            #expect(after.configMap?.problem == nil && after.configMap?.problemSince == nil)
        }
        #expect(history.neverWentBack, "\(history.edits)")
        #expect(history.edits.last == 4)
    }

    @Test("a server that is killed and comes back without its history")
    func killed() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        let history = KubernetesHistory()
        try history.whileWatching(watcher) {
            fixture.api.kill()
            let during = try watcher.wait(for: "refused") { $0.configMap?.problem?.code == "refused" }
            #expect(during.configMap?.problem?.detail.contains("cannot be reached: ") == true)
            #expect(during.edit == 1 && during.status == .present)
            try fixture.restartAPI()
            try fixture.edit(2)
            let after = try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
            #expect(after.restarts(.refused) >= 1 && after.restarts(.dropped) == 1, "\(after.configMaps)")
            // The version that the watch resumed from was too old for the server's new cache.
            #expect(after.restarts(.expired) == 1)
        }
        #expect(history.neverWentBack, "\(history.edits)")
    }

    @Test("a trickle of one byte every few milliseconds is no silence, and complete in the end")
    func drip() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        try fixture.api.fault(#"{"drip_ms": 1, "verbs": ["watch"]}"#)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        try fixture.edit(2)
        let state = try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
        #expect(state.configMap?.restarts == [:] && state.configMap?.mode == .streamingList)
    }

    /// An older server, and what the service account may do there.
    struct OldServer: Sendable, CustomTestStringConvertible {
        var without: String
        var verbs: [String]
        var mode: ConfigMapState.Mode

        var testDescription: String { "\(without), \(verbs.joined(separator: "+"))" }
    }

    static let oldServers = ["watch-list", "watch-list-ignored"]
        .flatMap { without in
            [
                OldServer(without: without, verbs: ["get", "list", "watch"], mode: .listAndWatch),
                OldServer(without: without, verbs: ["get", "watch"], mode: .getAndWatch),
            ]
        }

    @Test("servers without streaming lists: present, cut, deleted, created", arguments: oldServers)
    func oldServer(_ server: OldServer) throws {
        let fixture = try KubernetesFixture(["--without", server.without], verbs: server.verbs)
        try fixture.edit(1)
        let watcher = try fixture.watcher()
        let history = KubernetesHistory()
        try history.whileWatching(watcher) {
            let first = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
            #expect(first.configMap?.mode == server.mode)
            try fixture.edit(2)
            try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
            try fixture.api.fault(#"{"cut": true}"#)
            try fixture.edit(3)
            try watcher.wait(for: "edit 3") { $0.isFollowing(3) }
            try fixture.api.fault(#"{"expired": true, "open": true}"#)
            try fixture.edit(4)
            let fourth = try watcher.wait(for: "edit 4") { $0.isFollowing(4) }
            #expect(fourth.restarts(.expired) == 1 && fourth.configMap?.mode == server.mode)
            try fixture.api.delete(configMap: "contracts")
            let gone = try watcher.wait(for: "the deletion") { $0.configMap?.presence == .absent }
            #expect(gone.pairs.isEmpty && gone.status == .present)
            try fixture.edit(5)
            try watcher.wait(for: "edit 5") { $0.isFollowing(5) }
        }
        #expect(history.neverWentBack, "\(history.edits)")
    }

    @Test("a role with watch alone is enough on a server with streaming lists, absent or present")
    func watchAlone() throws {
        let fixture = try KubernetesFixture(verbs: ["watch"])
        let watcher = try fixture.watcher(["CONTRACT_SOURCE": "kubernetes"])
        let missing = try watcher.wait(for: "missing") { $0.status == .missing }
        #expect(missing.configMap?.presence == .absent)
        try fixture.edit(1)
        try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(try fixture.requests() == ["watch 200"])
    }

    /// The watch tells what there is; only a GET tells that there is nothing.
    @Test("a role with watch alone on an older server: what is there arrives, what is not cannot be known")
    func watchAloneOnOldServer() throws {
        let fixture = try KubernetesFixture(["--without", "watch-list"], verbs: ["watch"])
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "forbidden") { $0.configMap?.problem?.code == "forbidden" && $0.status == .missing }
        #expect(driver.state.configMap?.problem?.detail.contains("verbs: [get, watch]") == true)
        try fixture.edit(1)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
    }
}
