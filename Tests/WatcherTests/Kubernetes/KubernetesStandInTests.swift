import Glibc
import Shared
import TestSupport
import Testing

@testable import Watcher

/// The mounted ConfigMap in place of an API that cannot be used.
@Suite("the mounted ConfigMap stands in for the API", .timeLimit(.minutes(1)))
struct KubernetesStandInTests {
    static let rule =
        "add to a Role in namespace pact that is bound to the ServiceAccount pact/mocks: rules: [{apiGroups: [''], "
        + "resources: [configmaps], resourceNames: [contracts], verbs: [get, watch]}]"

    /// Stops the watcher and returns all it said.
    private func end(_ watcher: WatcherProcess) throws -> String {
        watcher.child.signal(15)
        return try watcher.child.wait(within: .seconds(10)).output
    }

    @Test("403: the mount at once, one line for it, then the API once it is allowed, and never the mount again")
    func forbidden() throws {
        let fixture = try KubernetesFixture(verbs: [])
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        try fixture.edit(3)
        let watcher = try fixture.watcher()
        let history = KubernetesHistory()
        try history.whileWatching(watcher) {
            let first = try watcher.wait(for: "the mount") { $0.edit == 1 }
            #expect(first.origin == "directory (API: forbidden)" && first.status == .present)
            #expect(first.description == "directory \(fixture.mount)")
            #expect(first.configMap?.problem?.code == "forbidden" && first.configMap?.wasDelivered == false)
            let warning = try #require(first.warnings.first)
            #expect(
                warning.hasPrefix(
                    "contracts come from the directory \(fixture.mount), which Kubernetes updates up to 90 s late: "
                )
            )
            #expect(warning.contains(Self.rule), "\(warning)")
            // The mount goes on being followed.
            try mount.publish(["a.json": KubernetesFixture.contract(2)])
            try watcher.wait(for: "edit 2 of the mount") { $0.edit == 2 }
            let retried = try watcher.wait(for: "three attempts") { $0.restarts(.refused) >= 3 }
            #expect(retried.warnings == first.warnings)
            try fixture.allow(["get", "watch"])
            let allowed = try watcher.wait(for: "the API") { $0.isFollowing(3) }
            #expect(allowed.origin == SourceState.apiOrigin && allowed.warnings.isEmpty && allowed.detail == nil)
            #expect(allowed.description == "ConfigMap pact/contracts" && allowed.status == .present)
        }
        #expect(history.neverWentBack && history.edits.last == 3, "\(history.edits)")
        let log = try end(watcher)
        let lines = log.split(separator: "\n").filter { $0.contains("configmaps") }
        #expect(lines.count == 1, "once for all attempts: \(log)")
        #expect(lines.first?.contains("WARN watcher: contract source needs attention") == true)
        #expect(log.contains("INFO watcher: contract source needs no more attention"))
        #expect(
            log.contains(
                "INFO watcher: contracts come from elsewhere now origin=API source=\"ConfigMap pact/contracts\""
            )
        )
        #expect(!log.contains(KubernetesFixture.firstToken))
    }

    @Test("what the API gave is kept when it fails again, also by the next process; a new run starts over")
    func neverOldAfterNew() throws {
        let fixture = try KubernetesFixture()
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        try fixture.edit(3)
        let first = try fixture.watcher()
        let history = KubernetesHistory()
        try history.whileWatching(first) {
            try first.wait(for: "edit 3") { $0.isFollowing(3) }
            try fixture.allow([])
            try fixture.api.fault(#"{"cut": true}"#)
            try first.wait(for: "forbidden") { $0.configMap?.problem?.code == "forbidden" }
            try mount.publish(["a.json": KubernetesFixture.contract(2)])
            try first.wait(for: "two more attempts") { $0.restarts(.refused) >= 3 }
            #expect(first.source()?.edit == 3 && first.source()?.origin == SourceState.apiOrigin)
            first.child.end(with: 9, within: .seconds(5))
            let second = try fixture.watcher()
            let before = try #require(second.source()).restarts(.refused)
            let after = try second.wait(for: "two attempts of the second") { $0.restarts(.refused) >= before + 2 }
            #expect(after.edit == 3 && after.origin == SourceState.apiOrigin && after.configMap?.wasDelivered == true)
            try fixture.allow(["get", "watch"])
            try fixture.edit(4)
            try second.wait(for: "edit 4") { $0.isFollowing(4) }
            second.child.end(with: 9, within: .seconds(5))
        }
        #expect(history.neverWentBack && history.edits.last == 4, "\(history.edits)")
        try fixture.allow([])
        let third = try fixture.watcher(run: "run-2")
        let other = try third.wait(for: "the mount") { $0.run == "run-2" && $0.edit == 2 }
        #expect(other.origin == "directory (API: forbidden)" && other.restarts(.refused) >= 1)
    }

    @Test("401: the same, with the token's file in the warning")
    func unauthorized() throws {
        let fixture = try KubernetesFixture()
        try fixture.allow(["get", "watch"], token: "second-token-of-the-account")
        try fixture.edit(3)
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        let watcher = try fixture.watcher()
        let first = try watcher.wait(for: "the mount") { $0.edit == 1 }
        #expect(first.origin == "directory (API: unauthorized)")
        #expect(first.warnings.first?.contains("refuses the token in \(fixture.tokenFile) (401)") == true)
        try fixture.secret.publish(["token": "second-token-of-the-account\n"])
        let allowed = try watcher.wait(for: "the API") { $0.isFollowing(3) }
        #expect(allowed.origin == SourceState.apiOrigin && allowed.warnings.isEmpty)
        #expect(!(try end(watcher)).contains("token-of-the-account"))
    }

    @Test("without a mount the source is missing, and says what to do", arguments: ["auto", "kubernetes"])
    func nothing(source: String) throws {
        let fixture = try KubernetesFixture(verbs: [])
        let watcher = try fixture.watcher(["CONTRACT_SOURCE": source])
        let state = try watcher.wait(for: "missing") { $0.status == .missing }
        #expect(state.detail?.contains(Self.rule) == true, "\(state.detail ?? "")")
        #expect(state.detail?.contains("nor is there a directory: CONFIGMAP_PATH=\(fixture.mount)") == true)
        #expect(state.origin == SourceState.apiOrigin && state.pairs.isEmpty && state.warnings.isEmpty)
        #expect(state.missingConfigMaps.isEmpty, "nothing else is there that could be ready without it")
    }

    @Test("an API that hangs or is not there: the mount within some 2 s", arguments: ["hang", "gone"])
    func unreachable(way: String) throws {
        let fixture = try KubernetesFixture()
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        try fixture.edit(2)
        if way == "hang" { try fixture.api.fault(#"{"hang": true, "verbs": ["watch"]}"#) } else { fixture.api.kill() }
        let start = MonotonicTime.now()
        let watcher = try fixture.watcher()
        let state = try watcher.wait(for: "the mount") { $0.edit == 1 }
        #expect(.now() - start < .seconds(5))
        #expect(state.origin == (way == "hang" ? "directory (API: no answer)" : "directory (API: refused)"))
        #expect(state.warnings.first?.hasPrefix("contracts come from the directory") == true)
    }

    @Test(
        "a ConfigMap that does not exist: the mount with auto and a name that nobody chose, else nothing",
        arguments: [("auto", ""), ("auto", "pact-contracts"), ("kubernetes", "")]
    )
    func absent(source: String, name: String) throws {
        let fixture = try KubernetesFixture(names: ["pact-contracts"])
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        let watcher = try fixture.watcher(["CONTRACT_SOURCE": source, "CONFIGMAP_NAME": name])
        if source == "auto", name.isEmpty {
            let state = try watcher.wait(for: "the mount") { $0.edit == 1 }
            #expect(state.origin == "directory (API: not found)")
            #expect(state.warnings.first?.contains("ConfigMap pact/pact-contracts does not exist") == true)
        } else {
            let state = try watcher.wait(for: "missing") { $0.status == .missing }
            #expect(state.pairs.isEmpty && state.origin == SourceState.apiOrigin)
        }
        try fixture.edit(2)
        let present = try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
        #expect(present.origin == SourceState.apiOrigin && present.warnings.isEmpty)
    }

    @Test("a mount that stood in counts no more once the API says that there is no such ConfigMap")
    func standInEnds() throws {
        let fixture = try KubernetesFixture(verbs: [])
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        let watcher = try fixture.watcher(["CONTRACT_SOURCE": "kubernetes"])
        try watcher.wait(for: "the mount") { $0.edit == 1 && $0.origin == "directory (API: forbidden)" }
        try fixture.allow(["get", "watch"])
        let state = try watcher.wait(for: "missing") { $0.status == .missing }
        #expect(state.pairs.isEmpty && state.origin == SourceState.apiOrigin)
        #expect(state.detail?.contains("does not exist") == true)
        try fixture.edit(2)
        try watcher.wait(for: "edit 2") { $0.isFollowing(2) }
    }

    @Test("a mount that stands in and disappears: its last good contracts, and not a missing ConfigMap")
    func mountGone() throws {
        let fixture = try KubernetesFixture(verbs: [])
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        let watcher = try fixture.watcher()
        try watcher.wait(for: "the mount") { $0.edit == 1 }
        #expect(rename(fixture.mount, fixture.mount + ".gone") == 0)
        let state = try watcher.wait(for: "lost") { $0.status == .lost }
        #expect(state.edit == 1 && state.origin == "directory (API: forbidden)" && state.missingConfigMaps.isEmpty)
        #expect(
            state.detail?.contains("CONFIGMAP_PATH=\(fixture.mount) does not exist") == true,
            "\(state.detail ?? "")"
        )
    }

    @Test("CONTRACT_SOURCE=directory asks no API")
    func directoryOnly() throws {
        let fixture = try KubernetesFixture()
        let mount = try KubeletVolume(fixture.mount)
        try mount.publish(["a.json": KubernetesFixture.contract(1)])
        try fixture.edit(2)
        let watcher = try fixture.watcher(["CONTRACT_SOURCE": "directory"])
        let state = try watcher.wait(for: "the directory") { $0.edit == 1 }
        #expect(state.origin == SourceState.directoryOrigin && state.configMaps.isEmpty)
        try mount.publish(["a.json": KubernetesFixture.contract(3)])
        try watcher.wait(for: "edit 3") { $0.edit == 3 }
        #expect(try fixture.watcherRequests().isEmpty)
    }
}
