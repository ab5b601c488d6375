import Shared
import TestSupport
import Testing

/// Forms of BROKER_URL and ways to the broker, with the built `publisher`: base paths, user and password, IPv6, a tunnel.
@Suite(
    .enabled(if: TLSFixture.obstacle == nil, "\(TLSFixture.obstacle ?? "")"),
    .timeLimit(.minutes(2))
)
struct BrokerAddressTests {
    @Test(arguments: ["/pact", "/pact/", "/deep/er", "/deep/er//"])
    func findsABrokerUnderABasePath(base: String) throws {
        let fixture = try TLSFixture(username: "pact", password: "s3cr3t/@:")
        let location = fixture.location("/pact/") + "\n" + fixture.location("/deep/er/")
        let server = try fixture.server(location: location)
        let environment = [
            // The password is in the URL, percent-encoded.
            "BROKER_URL": "https://pact:s3cr3t%2F%40%3A@127.0.0.1:\(server.port)\(base)",
            "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        let run = try PublisherOnce.run(environment, timeout: "20s")
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(!run.output.contains("s3cr3t") && !run.output.contains("pact:"))
        let prefix = base.hasPrefix("/pact") ? "/pact/" : "/deep/er/"
        #expect(server.accesses.allSatisfy { $0.path.hasPrefix(prefix) && !$0.path.contains("//") && $0.status < 400 })
        #expect(try fixture.broker.client.get("/pacts/provider/orders/consumer/web/latest").status == 200)
    }

    @Test func saysThatABasePathIsWrong() throws {
        let fixture = try TLSFixture()
        let server = try fixture.server(location: fixture.location("/pact/"))
        let environment = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)/pacts",
            "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        let run = try PublisherOnce.run(environment)
        #expect(run.exit != .code(0))
        #expect(run.output.contains("broker.status=not_a_broker") && run.output.contains("base path"), "\(run.output)")
    }

    @Test func goesThroughATunnelOfWhichTheProxySeesNothing() throws {
        let fixture = try TLSFixture(username: "pact", password: "s3cr3t")
        let server = try fixture.server(try fixture.authority.issue("server", names: ["DNS:pact-broker.test"]))
        let port = server.port
        let proxy = try StubHTTPServer { request in
            request.method == "CONNECT" && request.path == "pact-broker.test:443" ? .tunnel(port: port) : .response(400)
        }
        defer { proxy.stop() }
        let environment = [
            "BROKER_URL": "https://pact-broker.test", "HTTPS_PROXY": proxy.url, "BROKER_PASSWORD": "s3cr3t",
            "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        let run = try PublisherOnce.run(environment, timeout: "20s")
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(proxy.requests.count == proxy.connections, "all but CONNECT is inside the tunnel")
        #expect(proxy.requests.allSatisfy { $0.header("authorization") == nil })
        #expect(server.accesses.contains { $0.path == "/contracts/publish" && $0.status < 300 })
    }

    @Test func aRedirectionIsNamedAndNeitherFollowedNorGivenCredentials() throws {
        let fixture = try TLSFixture()
        let thief = try StubHTTPServer { _ in .response() }
        defer { thief.stop() }
        let server = try fixture.server(location: "location / { return 302 \(thief.url)/stolen; }")
        let environment = [
            "BROKER_URL": "https://127.0.0.1:\(server.port)", "BROKER_PASSWORD": "s3cr3t",
            "BROKER_CA_FILE": fixture.authority.certificateFile,
        ]
        let run = try PublisherOnce.run(environment)
        #expect(run.exit != .code(0))
        #expect(run.output.contains("redirection to \(thief.url)/stolen"), "\(run.output)")
        #expect(run.output.contains("set BROKER_URL to the address it leads to"))
        #expect(thief.connections == 0)
    }
}

/// An address of version 6 in BROKER_URL.
@Suite(.timeLimit(.minutes(1))) struct IPv6AddressTests {
    @Test func publishesToAnIPv6Literal() throws {
        let broker: LocalBrokerProcess
        do {
            broker = try LocalBrokerProcess(arguments: ["--host", "::1"])
        } catch {
            print("skipped: nothing can listen on ::1 here: \(error)")
            return
        }
        #expect(broker.url.hasPrefix("http://[::1]:"))
        // Straight, and under a NO_PROXY that names the address.
        for environment in [[:], ["HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "::1"]] {
            let run = try PublisherOnce.run(environment.merging(["BROKER_URL": broker.url]) { $1 }, timeout: "20s")
            #expect(run.exit == .code(0), "\(run.output)")
        }
        #expect(try broker.client.get("/pacts/provider/orders/consumer/web/latest").status == 200)
    }
}
