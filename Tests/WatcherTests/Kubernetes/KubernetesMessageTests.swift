import Shared
import TestSupport
import Testing

@testable import Watcher

/// What is said where the way to the API is wrong.
@Suite(
    "messages about the way to the API",
    .enabled(if: KubernetesTLSFixture.obstacle == nil, "\(KubernetesTLSFixture.obstacle ?? "")"),
    .timeLimit(.minutes(1))
)
struct KubernetesMessageTests {
    /// Asks until there is a problem.
    private func problem(_ fixture: KubernetesTLSFixture, _ url: String, ca: String? = nil) throws
        -> ConfigMapState.Problem
    {
        let driver = try KubernetesDriver(fixture.kubernetes, url: url, caFile: ca ?? fixture.caFile)
        try driver.run(until: "a problem") { $0.configMap?.problem != nil }
        #expect(driver.state.status != .present)
        return try #require(driver.state.configMap?.problem)
    }

    @Test("an authority that nobody trusts, and a certificate for another name")
    func trust() throws {
        let fixture = try KubernetesTLSFixture()
        let server = try fixture.server()
        let url = "https://127.0.0.1:\(server.port)"
        let unknown = try problem(fixture, url, ca: fixture.stranger.certificateFile)
        #expect(unknown.code == "TLS")
        let words =
            "no authority that we trust; put the one that signed it into KUBERNETES_CA_FILE=\(fixture.stranger.certificateFile)"
        #expect(unknown.detail.contains(words), "\(unknown.detail)")
        let other = try fixture.server(try fixture.authority.issue("elsewhere", names: ["DNS:elsewhere.test"]))
        let name = try problem(fixture, "https://127.0.0.1:\(other.port)")
        #expect(name.code == "TLS" && name.detail.contains("its certificate is for another name"), "\(name.detail)")
        let expired = try fixture.server(try fixture.authority.issue("old", .expired))
        let old = try problem(fixture, "https://127.0.0.1:\(expired.port)")
        #expect(old.code == "TLS" && old.detail.contains("has expired"), "\(old.detail)")
    }

    @Test("TLS where none is spoken, and none where it is")
    func scheme() throws {
        let fixture = try KubernetesTLSFixture()
        // It says nothing to what it does not understand, as a server that goes away in the handshake.
        let cut = try problem(fixture, "https://127.0.0.1:\(fixture.kubernetes.api.port)")
        #expect(cut.code == "disconnected" && !cut.detail.contains("certificate"), "\(cut.detail)")
        let http = try NginxProcess("location / { return 200; }")
        let plain = try problem(fixture, "https://127.0.0.1:\(http.port)")
        #expect(plain.code == "TLS" && plain.detail.contains("no TLS is spoken there"), "\(plain.detail)")
        let server = try fixture.server(offersHTTP2: false)
        let proxied = try problem(fixture, "http://127.0.0.1:\(server.port)")
        #expect(proxied.code == "plain HTTP", "nginx's own words: \(proxied.detail)")
        // What an API server says itself.
        let said = "Client sent an HTTP request to an HTTPS server."
        try fixture.kubernetes.api.fault(#"{"status": 400, "body": "\#(said)\n", "verbs": ["watch"]}"#)
        let own = try problem(fixture, fixture.kubernetes.api.url)
        #expect(own.code == "plain HTTP", "\(own.detail)")
        #expect(own.detail.contains("set KUBERNETES_API_URL to https://127.0.0.1:\(fixture.kubernetes.api.port)"))
    }

    @Test("a redirection is named; neither request nor token goes there")
    func redirection() throws {
        let fixture = try KubernetesTLSFixture()
        let thief = try StubHTTPServer { _ in .response() }
        defer { thief.stop() }
        let server = try fixture.server(location: "location / { return 302 \(thief.url)/stolen; }")
        let problem = try problem(fixture, "https://127.0.0.1:\(server.port)")
        #expect(problem.code == "HTTP 302" && problem.detail.contains("redirections are not followed"))
        #expect(thief.connections == 0)
    }

    @Test("a page that is no API's, and an answer that is no stream of events")
    func foreign() throws {
        let fixture = try KubernetesTLSFixture()
        let page = try fixture.server(location: "location / { return 404 '<html>nothing here</html>'; }")
        let missing = try problem(fixture, "https://127.0.0.1:\(page.port)")
        #expect(missing.code == "HTTP 404" && missing.detail.contains("is it the API's own address?"))
        let login = try fixture.server(location: "location / { return 200 '<html>log in</html>\\n'; }")
        let html = try problem(fixture, "https://127.0.0.1:\(login.port)")
        #expect(html.code == "unreadable" && html.detail.contains("a line of the watch is not JSON"), "\(html.detail)")
    }

    @Test("the same trouble is the same sentence at each attempt, however long each took")
    func repeated() throws {
        let fixture = try KubernetesFixture(["--without", "watch-list"], verbs: ["get", "list", "watch"])
        try fixture.edit(1)
        try fixture.api.fault(#"{"hang": true, "verbs": ["list"]}"#)
        let driver = try KubernetesDriver(fixture) { $0.request = .milliseconds(50) }
        try driver.run(until: "twelve attempts") { $0.restarts(.refused) >= 12 }
        #expect(Set(driver.history.details).count == 1, "\(driver.history.details)")
        #expect(driver.messages.count { $0.text == "contract source is missing; waiting for it" } <= 2)
    }
}
