import Shared
import TestSupport
import Testing

@testable import Watcher

/// The token's file while it changes.
@Suite("the token of the Kubernetes API", .timeLimit(.minutes(1)))
struct KubernetesTokenTests {
    static let second = "second-token-of-the-account"

    @Test("a token that the kubelet replaced is sent with the very next request")
    func replaced() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        // A single refusal would cost half a minute.
        let driver = try KubernetesDriver(fixture) { timing in
            timing.backoff = Backoff(first: .seconds(60), maximum: .seconds(60))
            timing.healthy = .zero
        }
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        try fixture.secret.publish(["token": "\(Self.second)\n"])
        try fixture.api.rotate(KubernetesFixture.account, to: Self.second)
        try fixture.api.fault(#"{"end": true}"#)
        try fixture.edit(3)
        try driver.run(until: "edit 3") { $0.isFollowing(3) }
        #expect(try fixture.requests() == ["watch 200", "watch 200"])
        #expect(driver.state.configMap?.restarts == ["ended": 1])
    }

    @Test("a token that is refused: 401 is told, the last good contracts stay, and the new one is found")
    func refused() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.api.rotate(KubernetesFixture.account, to: Self.second)
        try fixture.edit(2)
        // A token is checked when a request begins.
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        try fixture.api.fault(#"{"cut": true}"#)
        try driver.run(until: "401") { $0.configMap?.problem?.code == "unauthorized" && $0.restarts(.refused) >= 3 }
        let detail = driver.state.configMap?.problem?.detail
        #expect(detail?.contains("refuses the token in \(fixture.tokenFile) (401)") == true)
        #expect(driver.state.edit == 2 && driver.history.problems.last == "unauthorized")
        try fixture.edit(3)
        try fixture.secret.publish(["token": "\(Self.second)\r\n"])
        try driver.run(until: "edit 3") { $0.isFollowing(3) }
    }

    @Test("a file that is gone for a moment: the last token goes on, with a warning")
    func gone() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        try fixture.directory.write("token", KubernetesFixture.firstToken)
        let driver = try KubernetesDriver(fixture, tokenFile: fixture.directory.path + "/token") { $0.healthy = .zero }
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        fixture.directory.remove("token")
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        try fixture.api.fault(#"{"end": true}"#)
        try driver.run(until: "the warning") { !$0.warnings.isEmpty && $0.isFollowing(2) }
        #expect(driver.state.warnings.first?.contains("the token of the Kubernetes API cannot be read") == true)
        #expect(driver.state.status == .present && driver.history.problems == [])
        try fixture.directory.write("token", KubernetesFixture.firstToken)
        try fixture.edit(3)
        try driver.run(until: "edit 3") { $0.isFollowing(3) }
        // Found by itself: the file is looked at every second while it cannot be read.
        try driver.run(until: "no warning") { $0.warnings.isEmpty && $0.isFollowing(3) }
        #expect(driver.state.configMap?.restarts == ["ended": 1])
    }

    @Test("an empty file is a request without a token, which is told as such")
    func empty() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        try fixture.secret.publish(["token": "\n"])
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "403") { $0.configMap?.problem?.code == "forbidden" }
        let words = "was asked without a token (403); \(fixture.tokenFile) is empty"
        #expect(driver.state.configMap?.problem?.detail.contains(words) == true, "\(driver.state.configMaps)")
        #expect(try fixture.watcherRequests().allSatisfy { $0["authorization"]?.bool == false })
        try fixture.secret.publish(["token": KubernetesFixture.firstToken])
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
    }

    @Test("the token is in no log line, not in the state and not in what --once prints", arguments: [200, 401, 403])
    func secrecy(status: Int) throws {
        let fixture = try KubernetesFixture(verbs: status == 403 ? [] : ["get", "watch"])
        if status == 401 { try fixture.allow(["get", "watch"], token: Self.second) }
        try fixture.edit(1)
        let watcher = try fixture.watcher(["LOG_LEVEL": "trace"])
        try watcher.wait(for: "an answer") { $0.isFollowing(1) || $0.restarts(.refused) >= 1 }
        watcher.child.signal(15)
        let log = try watcher.child.wait(within: .seconds(10)).output
        let state = try RepositoryFile.bytes(watcher.stateDirectory.path + "/state.json")
        let once = try WatcherOnce.run(fixture, ["--json"], ["LOG_LEVEL": "trace"])
        #expect(once.exit == .code(status == 200 ? 0 : 1))
        #expect(try fixture.requests().contains("get \(status)"))
        for text in [log, String(decoding: state, as: UTF8.self), once.output] {
            #expect(!text.isEmpty && !text.contains(KubernetesFixture.firstToken))
        }
    }
}
