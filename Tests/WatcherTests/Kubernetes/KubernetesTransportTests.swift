import Shared
import TestSupport
import Testing

@testable import Watcher

/// TLS and HTTP versions on the way to the API.
@Suite(
    "the watcher and the way to the API",
    .enabled(if: KubernetesTLSFixture.obstacle == nil, "\(KubernetesTLSFixture.obstacle ?? "")"),
    .timeLimit(.minutes(1))
)
struct KubernetesTransportTests {
    @Test("through TLS with our authority, as in a cluster; no proxy is asked", arguments: [true, false])
    func versions(offersHTTP2: Bool) throws {
        let fixture = try KubernetesTLSFixture()
        let server = try fixture.server(offersHTTP2: offersHTTP2)
        let proxy = try StubHTTPServer { _ in .response(502) }
        defer { proxy.stop() }
        try fixture.kubernetes.edit(1)
        let proxies = ["HTTPS_PROXY": proxy.url, "https_proxy": proxy.url, "ALL_PROXY": proxy.url]
        let watcher = try fixture.kubernetes.watcher(fixture.variables(server).merging(proxies) { $1 })
        let state = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(state.origin == SourceState.apiOrigin && state.configMap?.restarts == [:])
        for number in 2...4 {
            try fixture.kubernetes.edit(number)
            try watcher.wait(for: "edit \(number)") { $0.isFollowing(number) }
        }
        #expect(watcher.child.end(with: 15, within: .seconds(5)) == .code(0))
        // A watch is logged at its end.
        server.stop()
        #expect(server.accesses.map(\.protocolVersion) == [offersHTTP2 ? "HTTP/2.0" : "HTTP/1.1"])
        #expect(server.accesses.first?.path.contains("fieldSelector=metadata.name%3Dcontracts") == true)
        #expect(proxy.connections == 0)
    }

    @Test("an API with an address of version 6", arguments: ["::1", "[::1]"])
    func version6(host: String) throws {
        let fixture = try KubernetesTLSFixture()
        let server: NginxProcess
        do {
            server = try fixture.server(host: "::1")
        } catch {
            print("skipped: nothing can listen on ::1 here: \(error)")
            return
        }
        try fixture.kubernetes.edit(1)
        let watcher = try fixture.kubernetes.watcher(fixture.variables(server, host: host))
        let state = try watcher.wait(for: "edit 1") { $0.isFollowing(1) }
        #expect(state.configMap?.restarts == [:])
    }

    @Test("another authority signs the server's certificate: TLS is the problem until the file holds it too")
    func rotation() throws {
        let fixture = try KubernetesTLSFixture()
        let first = try fixture.server()
        try fixture.kubernetes.edit(1)
        let url = "https://127.0.0.1:\(first.port)"
        let driver = try KubernetesDriver(fixture.kubernetes, url: url, caFile: fixture.caFile)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        // What both trust; the open watch does not mind.
        first.stop()
        let second = try fixture.server(try fixture.stranger.issue("server"), port: first.port)
        try fixture.kubernetes.edit(2)
        try driver.run(until: "a TLS problem") { $0.configMap?.problem?.code == "TLS" }
        let detail = try #require(driver.state.configMap?.problem?.detail)
        #expect(detail.contains("its certificate is of no authority that we trust"), "\(detail)")
        #expect(detail.contains("put the one that signed it into KUBERNETES_CA_FILE=\(fixture.caFile)"))
        try fixture.publish(fixture.stranger)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.state.restarts(.dropped) == 1)
        #expect(driver.history.neverWentBack && second.port == first.port)
        #expect(driver.state.configMap?.problem == nil)
    }

    @Test("nginx is reloaded under HTTP/2: what is open goes on, what comes next takes a new connection")
    func reloaded() throws {
        let fixture = try KubernetesTLSFixture(names: ["one", "two"])
        let server = try fixture.server(reloads: true)
        for name in ["one", "two"] {
            try fixture.kubernetes.api.put(configMap: name, data: ["a.json": pact("web", name)])
        }
        let url = "https://127.0.0.1:\(server.port)"
        let driver = try KubernetesDriver(fixture.kubernetes, url: url, caFile: fixture.caFile) { timing in
            timing.healthy = .zero
            timing.doubt = .seconds(20)
            timing.silence = .seconds(40)
            timing.check = .seconds(60)
        }
        try driver.run(until: "both") { $0.pairs.map(\.provider) == ["one", "two"] }
        try server.reload()
        try fixture.kubernetes.api.put(configMap: "one", data: ["a.json": pact("web", "three")])
        try driver.run(until: "an edit") { $0.pairs.map(\.provider) == ["three", "two"] }
        try fixture.kubernetes.api.fault(#"{"end": true}"#)
        for name in ["one", "two"] {
            try fixture.kubernetes.api.put(configMap: name, data: ["a.json": pact("app", name)])
        }
        try driver.run(until: "edits") { $0.pairs.map(\.consumer) == ["app", "app"] }
        let reasons = Set(driver.state.configMaps.flatMap(\.restarts.keys))
        #expect(reasons == ["ended"], "\(driver.state.configMaps)")
        #expect(driver.history.problems == [])
    }

    @Test("a proxy whose API server is gone: its 502 is told, over HTTP/2 too, and the edit after it arrives")
    func upstream() throws {
        let fixture = try KubernetesTLSFixture()
        let server = try fixture.server()
        try fixture.kubernetes.edit(1)
        let url = "https://127.0.0.1:\(server.port)"
        let driver = try KubernetesDriver(fixture.kubernetes, url: url, caFile: fixture.caFile)
        try driver.run(until: "edit 1") { $0.isFollowing(1) }
        fixture.kubernetes.api.kill()
        try driver.run(until: "502") { $0.configMap?.problem?.code == "HTTP 502" }
        #expect(driver.state.restarts(.dropped) == 1 && driver.state.edit == 1)
        try fixture.kubernetes.restartAPI()
        try fixture.kubernetes.edit(2)
        try driver.run(until: "edit 2") { $0.isFollowing(2) }
        #expect(driver.history.neverWentBack)
    }
}
