import Shared
import TestSupport
import Testing

@testable import Watcher

/// Faults that take minutes in earnest, with short times in this process: silence, servers that hang, data that went back.
@Suite("a ConfigMap's watch and silence", .timeLimit(.minutes(1)))
struct KubernetesSilenceTests {
    @Test("a watch that says nothing and does not end is found dead, and what was edited meanwhile arrives")
    func stall() throws {
        // No bookmark: what the silence hides is found by the plain GET, long before the watch counts as dead.
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.api.fault(#"{"stall": true, "open": true}"#)
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.state.restarts(.mismatch) == 1, "\(driver.state.configMaps)")
        #expect(driver.history.neverWentBack)
    }

    @Test("silence alone, where the GET may not be asked: the watch is begun anew on a new connection")
    func silence() throws {
        let fixture = try KubernetesFixture(verbs: ["watch"])
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.api.fault(#"{"stall": true, "open": true}"#)
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.state.restarts(.silent) == 1 && driver.state.restarts(.mismatch) == 0)
        #expect(try fixture.requests().contains("get 403"))
    }

    @Test("bookmarks keep a quiet watch alive, and move the version it resumes from")
    func bookmarks() throws {
        let fixture = try KubernetesFixture(["--bookmark-interval", "0.1"])
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        let before = driver.state.configMap?.resourceVersion
        try fixture.api.bump(by: 300)
        try driver.run(until: "the bookmark") { $0.configMap?.resourceVersion != before }
        let start = MonotonicTime.now()
        try driver.run(until: "twice the silence") { _ in .now() - start > KubernetesDriver.timing.silence * 2 }
        #expect(driver.state.configMap?.restarts == [:])
        #expect(try fixture.requests().filter { $0.hasPrefix("watch") } == ["watch 200"])
        // A version from before the bookmark would be too old.
        try fixture.api.forgetHistory()
        try fixture.api.fault(#"{"end": true}"#)
        try driver.run(until: "the end is noticed") { $0.restarts(.ended) == 1 && $0.isFollowing(1) }
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.state.restarts(.expired) == 0, "\(driver.state.configMaps)")
    }

    @Test("a server whose data went back to a backup is silent for ever; the GET finds it")
    func restored() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        try fixture.api.snapshot()
        try fixture.edit(2)
        try fixture.api.bump(by: 100)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        try fixture.api.restore()
        try fixture.api.fault(#"{"cut": true}"#)
        // What the API says now, although it is older: it is what the cluster wants.
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        #expect(driver.state.restarts(.mismatch) == 1, "\(driver.state.configMaps)")
        try fixture.edit(3)
        try driver.run(until: "edit 3") { $0.isFollowing(3) }
    }

    @Test("a server that hangs: the watch is given up, and the first answer after it counts")
    func hangs() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        fixture.api.pause()
        try driver.run(until: "a timeout") { $0.configMap?.problem?.code == "timeout" }
        #expect(driver.state.configMap?.problem?.detail.contains("did not answer within 1 s") == true)
        #expect(driver.state.restarts(.silent) >= 1 && driver.state.edit == 1)
        // Lost after a while: desired is what was known.
        try driver.run(until: "lost") { $0.status == .lost }
        #expect(driver.state.edit == 1)
        fixture.api.resume()
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.state.status == .present && driver.state.configMap?.problem == nil)
    }

    @Test("nobody listens for a while, as while a server restarts")
    func refused() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.api.fault(#"{"refuse_seconds": 0.6}"#)
        try driver.run(until: "refused") { $0.configMap?.problem?.code == "refused" }
        #expect(driver.state.configMap?.problem?.detail.contains("cannot be reached: ") == true)
        try driver.run(until: "it is followed again") { $0.isFollowing(1) }
        try fixture.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.state.restarts(.dropped) == 1 && driver.state.restarts(.refused) >= 1)
        #expect(driver.history.neverWentBack)
    }

    @Test("an answer that drips more slowly than the silence allows is no silence")
    func drip() throws {
        let fixture = try KubernetesFixture()
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try fixture.api.fault(#"{"drip_ms": 5, "open": true}"#)
        try fixture.edit(2)
        let start = MonotonicTime.now()
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        // Some 600 bytes.
        #expect(.now() - start > KubernetesDriver.timing.silence)
        #expect(driver.state.restarts(.silent) == 0, "\(driver.state.configMaps)")
    }

    @Test("a GET that is asked beside a healthy watch changes nothing")
    func check() throws {
        let fixture = try KubernetesFixture(["--bookmark-interval", "0.1"])
        try fixture.edit(1)
        let driver = try KubernetesDriver(fixture) { $0.check = .milliseconds(300) }
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        try driver.run(until: "three GETs") { _ in try fixture.requests().count { $0 == "get 200" } >= 3 }
        try fixture.api.delete(configMap: "contracts")
        try driver.run(until: "deleted") { $0.configMap?.presence == .absent }
        try driver.run(until: "three more") { _ in try fixture.requests().count { $0 == "get 404" } >= 3 }
        #expect(driver.state.configMap?.restarts == [:])
    }
}
