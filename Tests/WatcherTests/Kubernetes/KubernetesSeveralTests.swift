import Glibc
import Shared
import TestSupport
import Testing

/// Several ConfigMaps as one source, with the built `watcher`.
@Suite("the watcher and several ConfigMaps", .timeLimit(.minutes(1)))
struct KubernetesSeveralTests {
    private func put(_ fixture: KubernetesFixture, _ name: String, _ contract: String) throws {
        try fixture.api.put(configMap: name, data: ["a.json": contract])
    }

    @Test("two are merged; the same pair in both is a conflict that names them; one that is deleted is empty")
    func merged() throws {
        let fixture = try KubernetesFixture(names: ["one", "two"])
        try put(fixture, "one", pact("web", "orders"))
        try put(fixture, "two", pact("web", "stock"))
        let watcher = try fixture.watcher()
        let both = try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }
        #expect(both.description == "ConfigMaps pact/one, pact/two" && both.configMaps.map(\.name) == ["one", "two"])
        #expect(both.pairs.map(\.files) == [["one/a.json"], ["two/a.json"]])
        // The same pair in both.
        try put(fixture, "two", pact("web", "orders", "another request"))
        let conflict = try watcher.wait(for: "the conflict") { $0.pairs.first?.problem != nil }
        #expect(conflict.pairs.count == 1)
        let problem = try #require(conflict.pairs[0].problem)
        #expect(problem.contains("one") && problem.contains("two"), "\(problem)")
        #expect(conflict.pairs[0].sha256 == both.pairs[0].sha256, "the last good one stays")
        try fixture.api.delete(configMap: "two")
        let one = try watcher.wait(for: "one pair") { $0.pairs.count == 1 && $0.pairs[0].problem == nil }
        #expect(one.warnings == ["ConfigMap pact/two was deleted; what is in the broker stays there"])
        #expect(one.configMaps.map(\.presence) == [.present, .absent] && one.missingConfigMaps.isEmpty)
    }

    @Test("ten full ConfigMaps fit into the least memory that a manager gives to a watcher, edits too")
    func tenFull() throws {
        let names = (0..<10).map { "full-\($0)" }
        let fixture = try KubernetesFixture(names: names)
        func fill(_ name: String, _ edit: Int) throws {
            // 50 contracts of some 20 kB: 1 MB of at most 1 MiB.
            var data: [String: String] = [:]
            for index in 0..<50 {
                let text = "edit \(edit)" + String(repeating: "x", count: 19_700)
                data["\(index).json"] = pact("web-\(index)", name, text)
            }
            try fixture.api.put(configMap: name, data: data)
        }
        for name in names { try fill(name, 1) }
        let watcher = try fixture.watcher(wrapper: ["/bin/sh", "-c", "ulimit -d 32768 && exec \"$0\""])
        let first = try watcher.wait(for: "500 pairs", within: .seconds(40)) { $0.pairs.count == 500 }
        #expect(first.warnings.count == 10, "each is nearly full")
        for name in names { try fill(name, 2) }
        try watcher.wait(for: "the edits", within: .seconds(40)) { state in
            state.pairs.allSatisfy { pair in !first.pairs.contains { $0.sha256 == pair.sha256 } }
        }
        #expect(watcher.child.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }

    @Test("one that may not be read does not keep the other back, and is told as missing until it may be")
    func oneForbidden() throws {
        let fixture = try KubernetesFixture(names: ["one", "two"])
        try fixture.allow(["get", "watch"], ["one"])
        try put(fixture, "one", pact("web", "orders"))
        try put(fixture, "two", pact("web", "stock"))
        let watcher = try fixture.watcher()
        let half = try watcher.wait(for: "one pair") { $0.pairs.count == 1 && $0.missingConfigMaps.count == 1 }
        #expect(half.origin == SourceState.apiOrigin && half.status == .present)
        #expect(half.missingConfigMaps.map(\.fullName) == ["pact/two"])
        let told = try watcher.wait(for: "the warning") { !$0.warnings.isEmpty }
        #expect(told.warnings.count == 1)
        #expect(told.warnings[0].hasPrefix("ConfigMap pact/two cannot be read: "))
        #expect(told.warnings[0].contains("resourceNames: [one, two], verbs: [get, watch]"))
        try fixture.allow(["get", "watch"])
        let whole = try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }
        #expect(whole.missingConfigMaps.isEmpty && whole.warnings.isEmpty)
    }

    @Test("a watcher that is started anew while one cannot be asked keeps what that one had given")
    func restarted() throws {
        let fixture = try KubernetesFixture(names: ["one", "two"])
        try put(fixture, "one", pact("web", "orders"))
        try put(fixture, "two", pact("web", "stock"))
        let first = try fixture.watcher()
        let both = try first.wait(for: "two pairs") { $0.pairs.count == 2 }
        first.child.end(with: 9, within: .seconds(5))
        try fixture.allow(["get", "watch"], ["one"])
        let second = try fixture.watcher()
        let attempts = try #require(second.source()?.configMaps[1].restarts["refused", default: 0])
        let after = try second.wait(for: "two attempts for the second") {
            $0.configMaps[0].connection == .watching && $0.configMaps[1].restarts["refused", default: 0] >= attempts + 2
        }
        #expect(after.pairs == both.pairs && after.revision == both.revision)
        try fixture.allow(["get", "watch"])
        try second.wait(for: "both are followed") { $0.configMaps.allSatisfy { $0.connection == .watching } }
        try put(fixture, "two", pact("web", "users"))
        let changed = try second.wait(for: "the change") { $0.pairs.map(\.provider) == ["orders", "users"] }
        #expect(changed.status == .present)
    }

    @Test("as many watches as ConfigMaps are open at once, whatever libcurl keeps")
    func many() throws {
        let names = (1...12).map { "contracts-\($0)" }
        let fixture = try KubernetesFixture(names: names)
        for name in names { try put(fixture, name, pact("web", name)) }
        let watcher = try fixture.watcher()
        try watcher.wait(for: "all pairs") { $0.pairs.count == 12 }
        try fixture.api.waitForWatches { $0.count == 12 }
        for name in names { try put(fixture, name, pact("app", name)) }
        let state = try watcher.wait(for: "all edits") { $0.pairs.count { $0.consumer == "app" } == 12 }
        #expect(state.configMaps.allSatisfy { $0.restarts.isEmpty })
        #expect(try fixture.requests() == Array(repeating: "watch 200", count: 12))
    }
}
