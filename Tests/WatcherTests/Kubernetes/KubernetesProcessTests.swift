import Glibc
import Shared
import TestSupport
import Testing

/// The `watcher` as a process while it follows a ConfigMap: signals, its end, its files, and `--once`.
@Suite("the watcher as a process of the API", .timeLimit(.minutes(1)))
struct KubernetesProcessTests {
    let fixture: KubernetesFixture

    init() throws { fixture = try KubernetesFixture() }

    @Test("SIGHUP leaves the watch as it is; SIGTERM ends it at once")
    func signals() throws {
        try fixture.edit(1)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        watcher.child.signal(SIGHUP)
        try fixture.edit(2)
        try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
        #expect(try fixture.requests() == ["watch 200"])
        #expect(watcher.child.end(with: SIGTERM, within: .seconds(5)) == .code(0))
        try fixture.api.waitForWatches { $0.isEmpty }
    }

    @Test("SIGKILL and a new process in the same run, while nobody answers: the desired set goes on")
    func killed() throws {
        try fixture.edit(1)
        let first = try fixture.watcher()
        let before = try first.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(first.child.end(with: SIGKILL, within: .seconds(5)) == .signal(SIGKILL))
        fixture.api.kill()
        let second = try fixture.watcher()
        let during = try second.wait(for: "refused") { $0.configMap?.problem?.code == "refused" }
        #expect(during.pairs == before.pairs && during.revision == before.revision && during.status == .present)
        #expect(try second.stored(during.pairs.first) == utf8(KubernetesFixture.contract(1)))
        try fixture.restartAPI()
        let after = try second.wait(for: "it is followed again") { $0.isFollowing(1) }
        #expect(after.changed == before.changed && after.counters.changes == before.counters.changes)
        try fixture.edit(2)
        try second.wait(for: "edit 2") { $0.isFollowing(2) }
    }

    @Test("stored contracts that somebody removes come back, although the API says nothing")
    func removedFiles() throws {
        try fixture.edit(1)
        // The turns that a manager's heartbeat makes.
        let watcher = try fixture.watcher(["WATCHDOG_USEC": "6000000"])
        let state = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        let file = try watcher.stateDirectory.contractsPath + "/\(#require(state.pairs.first?.sha256)).json"
        #expect(unlink(file) == 0)
        let deadline = MonotonicTime.now() + .seconds(15)
        while access(file, F_OK) != 0 {
            // Woken by nothing: a file comes back without a commit.
            try #require(MonotonicTime.now() < deadline, "the stored contract did not come back")
            _ = watcher.state.waitForChange(after: watcher.state.changeWord(), timeout: .milliseconds(50))
        }
        #expect(try watcher.stored(state.pairs.first) == utf8(KubernetesFixture.contract(1)))
        #expect(try fixture.requests() == ["watch 200"])
    }

    // MARK: - --once

    @Test("--once: one GET, the table or JSON, and exit 0")
    func onceFound() throws {
        try fixture.edit(1)
        let table = try WatcherOnce.run(fixture)
        #expect(table.exit == .code(0))
        #expect(table.output.contains("1 pair from 1 key in ConfigMap pact/contracts"), "\(table.output)")
        #expect(try fixture.requests() == ["get 200"])
        let json = try WatcherOnce.run(fixture, ["--json"])
        #expect(json.exit == .code(0))
        let sha256 = ContentHash.sha256Hex(KubernetesFixture.contract(1))
        #expect(json.output.contains("\"present\"") && json.output.contains(sha256), "\(json.output)")
        try fixture.api.put(configMap: "contracts", data: ["a.json": KubernetesFixture.contract(1), "b.json": broken])
        let invalid = try WatcherOnce.run(fixture)
        #expect(invalid.exit == .code(1) && invalid.output.contains("b.json:"), "\(invalid.output)")
    }

    @Test("--once: what is forbidden or absent is exit 1 with what to do; the mount stands in where it may")
    func onceWithout() throws {
        let absent = try WatcherOnce.run(fixture)
        #expect(absent.exit == .code(1))
        #expect(absent.output.contains("ConfigMap pact/contracts does not exist; create it or correct CONFIGMAP_NAME"))
        try KubeletVolume(fixture.mount).publish(["a.json": KubernetesFixture.contract(2)])
        let auto = try WatcherOnce.run(fixture, [], ["CONFIGMAP_NAME": ""])
        #expect(auto.exit == .code(0) && auto.output.contains("this is the directory"), "\(auto.output)")
        #expect(auto.output.contains("1 pair from 1 key in CONFIGMAP_PATH=\(fixture.mount)"))
        let strict = try WatcherOnce.run(fixture, ["--json"], ["CONTRACT_SOURCE": "kubernetes"])
        #expect(strict.exit == .code(1) && strict.output.contains("does not exist; create it"), "\(strict.output)")
        try fixture.edit(1)
        try fixture.allow([])
        let forbidden = try WatcherOnce.run(
            fixture,
            [],
            ["CONTRACT_SOURCE": "kubernetes", "CONFIGMAP_PATH": "/absent"]
        )
        #expect(forbidden.exit == .code(1))
        #expect(forbidden.output.contains(KubernetesStandInTests.rule), "\(forbidden.output)")
        let refused = try WatcherOnce.run(fixture, [], ["CONTRACT_SOURCE": "kubernetes"])
        #expect(refused.exit == .code(1) && refused.output.contains("1 pair"), "asked for the API by name")
        try fixture.allow(["get"])
        let some = try WatcherOnce.run(fixture, [], ["CONFIGMAP_NAME": "contracts,others"])
        #expect(some.exit == .code(1) && some.output.contains("1 pair"), "\(some.output)")
        try fixture.allow([])
        let instead = try WatcherOnce.run(fixture)
        #expect(instead.exit == .code(0) && instead.output.contains(KubernetesStandInTests.rule))
    }
}
