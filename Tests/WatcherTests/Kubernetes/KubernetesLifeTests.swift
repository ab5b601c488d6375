import Glibc
import Shared
import TestSupport
import Testing

/// What happens to a ConfigMap in its life, with the built `watcher`.
@Suite("the watcher and a ConfigMap's life", .timeLimit(.minutes(1)))
struct KubernetesLifeTests {
    let fixture: KubernetesFixture

    init() throws { fixture = try KubernetesFixture() }

    private func following(_ number: Int = 1) throws -> WatcherProcess {
        try fixture.edit(number)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "edit \(number)") { $0.isFollowing(number) }
        return watcher
    }

    private func stored(_ watcher: WatcherProcess, _ sha256: String) -> stat {
        var information = stat()
        #expect(stat(watcher.stateDirectory.contractsPath + "/\(sha256).json", &information) == 0)
        return information
    }

    @Test("the first state and an edit come with their own bytes")
    func edits() throws {
        let watcher = try following()
        let first = try #require(watcher.source())
        #expect(first.origin == SourceState.apiOrigin)
        #expect(first.description == "ConfigMap pact/contracts")
        #expect(first.status == .present && first.keys == 1 && first.warnings.isEmpty)
        #expect(first.configMap?.mode == .streamingList && first.configMap?.presence == .present)
        #expect(first.configMap?.problem == nil && first.configMap?.restarts == [:])
        #expect(try watcher.stored(first.pairs.first) == utf8(KubernetesFixture.contract(1)))
        let version = try fixture.edit(2)
        let second = try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
        #expect(second.configMap?.resourceVersion == version)
        #expect(try watcher.stored(second.pairs.first) == utf8(KubernetesFixture.contract(2)))
        #expect(try fixture.requests() == ["watch 200"], "state and changes are one request")
    }

    @Test("an annotation alone changes neither the revision nor a stored contract")
    func annotation() throws {
        let watcher = try following()
        let before = try #require(watcher.source())
        let sha256 = try #require(before.pairs.first?.sha256)
        let file = stored(watcher, sha256)
        let version = try fixture.api.patch(configMap: "contracts", #"{"metadata": {"annotations": {"a": "b"}}}"#)
        let after = try watcher.wait(for: "the version") { $0.configMap?.resourceVersion == version }
        #expect(after.revision == before.revision && after.changed == before.changed)
        #expect(after.counters.changes == before.counters.changes)
        #expect(stored(watcher, sha256).st_ino == file.st_ino)
        #expect(stored(watcher, sha256).st_ctim.tv_nsec == file.st_ctim.tv_nsec)
    }

    @Test("keys that go, a ConfigMap that is emptied, deleted and created again")
    func shrinks() throws {
        let data = ["a.json": KubernetesFixture.contract(1), "b.json": pact("web", "stock")]
        try fixture.api.put(configMap: "contracts", data: data)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }
        try fixture.edit(1)
        try watcher.wait(for: "one pair") { $0.isFollowing(1) && $0.pairs.count == 1 }
        try fixture.api.put(configMap: "contracts")
        let empty = try watcher.wait(for: "no pair") { $0.pairs.isEmpty }
        #expect(empty.status == .present && empty.configMap?.presence == .present && empty.warnings.isEmpty)
        try fixture.edit(2)
        try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
        try fixture.api.delete(configMap: "contracts")
        let deleted = try watcher.wait(for: "the deletion") { $0.configMap?.presence == .absent }
        #expect(deleted.pairs.isEmpty && deleted.status == .present && deleted.origin == SourceState.apiOrigin)
        #expect(deleted.warnings == ["ConfigMap pact/contracts was deleted; what is in the broker stays there"])
        #expect(deleted.detail == deleted.warnings.first)
        try fixture.edit(3)
        let again = try watcher.wait(for: "edit 3") { $0.isFollowing(3) }
        #expect(again.warnings.isEmpty && again.detail == nil && again.configMap?.presence == .present)
        #expect(again.configMap?.uid != empty.configMap?.uid)
        #expect(again.configMap?.restarts == [:])
    }

    @Test("an immutable object is replaced by deleting and creating it, as replace --force does")
    func replaced() throws {
        try fixture.api.put(
            configMap: "contracts",
            data: ["a.json": KubernetesFixture.contract(1)],
            more: ["immutable": true]
        )
        let watcher = try fixture.watcher()
        let before = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(throws: TestSupportError.self) { try fixture.edit(2) }
        let history = KubernetesHistory()
        try history.whileWatching(watcher) {
            try fixture.api.delete(configMap: "contracts")
            try fixture.edit(3)
            let after = try watcher.wait(for: "edit 3") { $0.isFollowing(3) }
            #expect(after.configMap?.uid != before.configMap?.uid && after.warnings.isEmpty)
        }
        #expect(history.neverWentBack, "\(history.edits)")
    }

    @Test("a finalizer keeps a deleted ConfigMap; it counts until it is gone")
    func finalizer() throws {
        try fixture.edit(1)
        try fixture.api.patch(configMap: "contracts", #"{"metadata": {"finalizers": ["test.example/keep"]}}"#)
        let watcher = try fixture.watcher()
        try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        try fixture.api.delete(configMap: "contracts")
        let kept = try watcher.wait(for: "the warning") { !$0.warnings.isEmpty }
        #expect(kept.edit == 1 && kept.warnings[0].contains("is being deleted and waits for its finalizers"))
        try fixture.api.patch(configMap: "contracts", #"{"metadata": {"finalizers": null}}"#)
        let gone = try watcher.wait(for: "the end") { $0.configMap?.presence == .absent }
        #expect(gone.pairs.isEmpty)
    }

    @Test("what a ConfigMap may hold besides: binaryData, a BOM, a compressed, an invalid and a foreign key")
    func odd() throws {
        let contract = pact("web", "stock")
        try fixture.api.put(
            configMap: "contracts",
            data: [
                "bom.json": "\u{FEFF}\(pact("bom", "orders"))", "broken.json": broken, "notes.txt": "x", ".hidden": "x",
            ],
            binaryData: ["bytes.json": utf8(contract), "gone.json": [0xFF, 0x00], "old.json.gz": [0x1F, 0x8B, 8, 0]]
        )
        let watcher = try fixture.watcher()
        let state = try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }
        #expect(state.pairs.map(\.consumer) == ["bom", "web"])
        #expect(try watcher.stored(state.pairs[0]) == utf8(pact("bom", "orders")))
        #expect(try watcher.stored(state.pairs[1]) == utf8(contract))
        #expect(state.invalid.map(\.key) == ["broken.json", "gone.json"])
        #expect(state.ignored.map(\.key) == [".hidden", "notes.txt", "old.json.gz"])
        #expect(state.ignored.last?.reason.contains("compressed contracts are not read") == true)
        #expect(state.keys == 4)
    }

    @Test("a ConfigMap that is not there yet is missing, and appears")
    func appears() throws {
        let watcher = try fixture.watcher(["CONTRACT_SOURCE": "kubernetes"])
        let missing = try watcher.wait(for: "missing") { $0.status == .missing }
        #expect(missing.configMap?.presence == .absent && missing.configMap?.connection == .watching)
        let detail = "ConfigMap pact/contracts does not exist; create it or correct CONFIGMAP_NAME and NAMESPACE"
        #expect(missing.detail == detail)
        #expect(missing.origin == SourceState.apiOrigin)
        try fixture.edit(1)
        let present = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(present.status == .present && present.detail == nil)
    }

    @Test("a value near the limit is warned of; a line of 2.4 MB is taken")
    func large() throws {
        let filler = String(repeating: "x", count: 900_000)
        let contract = KubernetesFixture.contract(1)
        try fixture.api.put(configMap: "contracts", data: ["a.json": contract, "filler.txt": filler])
        let watcher = try fixture.watcher()
        let near = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(near.warnings.count == 1)
        let warning = try #require(near.warnings.first)
        #expect(warning.contains("holds \(900_000 + contract.utf8.count) of at most 1048576 bytes; divide"))
        // Each becomes six bytes of JSON.
        let control = String(repeating: "\u{1}", count: 400_000)
        try fixture.api.put(configMap: "contracts", data: ["a.json": KubernetesFixture.contract(2), "c.txt": control])
        let after = try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
        #expect(after.warnings.isEmpty && after.configMap?.restarts == [:])
    }

    @Test("a LIST and a GET of more than 128 KiB come compressed, a watch does not ask for it")
    func compressed() throws {
        let fixture = try KubernetesFixture(["--without", "watch-list"], verbs: ["get", "list", "watch"])
        let filler = ["filler.txt": String(repeating: "x", count: 300_000)]
        try fixture.api.put(
            configMap: "contracts",
            data: filler.merging(["a.json": KubernetesFixture.contract(1)]) { $1 }
        )
        let watcher = try fixture.watcher()
        let state = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(state.configMap?.mode == .listAndWatch)
        let list = try #require(try fixture.api.requests().first { $0["verb"]?.string == "list" })
        #expect(list["accept_encoding"]?.string == "gzip")
        let watch = try #require(try fixture.api.requests().last { $0["verb"]?.string == "watch" })
        #expect(watch["accept_encoding"]?.string == nil)
        // The GET of --once.
        let once = try WatcherOnce.run(fixture)
        #expect(once.exit == .code(0), "\(once.output)")
        #expect(try fixture.api.requests().last?["accept_encoding"]?.string == "gzip")
    }
}
