import Shared
import TestSupport
import Testing

/// The built `publisher` behind a proxy on loopback: what the proxy gets to see and what is said when it fails.
@Suite("Proxies", .timeLimit(.minutes(2)))
struct ProxyTests {
    /// `pact:s3cret` for the broker, in Base64.
    private static let brokerWord = "cGFjdDpzM2NyZXQ="
    private let credentials = ["BROKER_USERNAME": "pact", "BROKER_PASSWORD": "s3cret"]

    /// A proxy that carries http requests to a broker: only what it needs for that.
    private func proxy(to broker: LocalBrokerProcess) throws -> StubHTTPServer {
        let client = try TestHTTPClient(broker.url)
        return try StubHTTPServer { request in
            guard request.path.hasPrefix("http://pact-broker.test/") else { return .response(599) }
            let path = String(request.path.dropFirst("http://pact-broker.test".count))
            let fields = request.headerLines.compactMap { line -> (name: String, value: String)? in
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                guard parts.count == 2, !parts[0].lowercased().hasPrefix("proxy-") else { return nil }
                return (parts[0], String(parts[1].drop { $0 == " " }))
            }
            let body = request.body.isEmpty ? nil : request.body
            guard let answer = try? client.send(request.method, path, headers: fields, body: body) else {
                return .response(502)
            }
            let names = ["content-type", "x-pact-broker-version", "x-pact-consumer-version"]
            return .response(
                answer.status,
                headers: names.compactMap { name in answer.header(name).map { (name, $0) } },
                body: answer.body
            )
        }
    }

    @Test(arguments: ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
    func `http goes through the proxy, with its credentials apart from the broker's`(variable: String) throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "s3cret")
        let proxy = try proxy(to: broker)
        defer { proxy.stop() }
        // The name resolves nowhere: only the proxy knows it.
        let run = try PublisherOnce.run(
            credentials.merging([
                "BROKER_URL": "http://pact-broker.test",
                variable: proxy.url.replacing("http://", with: "http://us%40er:w0rd@"),
            ]) { $1 },
            timeout: "20s"
        )
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(proxy.requests.allSatisfy { $0.path.hasPrefix("http://pact-broker.test/") })
        #expect(proxy.requests.allSatisfy { $0.header("proxy-authorization") == "Basic dXNAZXI6dzByZA==" })
        #expect(proxy.requests.allSatisfy { $0.header("authorization") == "Basic \(Self.brokerWord)" })
        #expect(!run.output.contains("w0rd") && !run.output.contains("s3cret"))
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.0/8", "*"])
    func `NO_PROXY goes straight to the broker`(exceptions: String) throws {
        let broker = try LocalBrokerProcess()
        let proxy = try StubHTTPServer { _ in .response(502) }
        defer { proxy.stop() }
        let environment = ["BROKER_URL": broker.url, "HTTP_PROXY": proxy.url, "NO_PROXY": exceptions]
        let run = try PublisherOnce.run(environment, timeout: "20s")
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(proxy.connections == 0)
        let asked = try PublisherOnce.run(environment.merging(["NO_PROXY": "elsewhere"]) { $1 })
        #expect(asked.exit == .code(69))
        #expect(proxy.connections > 0, "without the exception the proxy is asked")
    }

    @Test(arguments: ["http", "https"])
    func `407 and 502 are told as the proxy's`(scheme: String) throws {
        let variable = "\(scheme.uppercased())_PROXY"
        for (status, words) in [(407, "wants credentials (407)"), (502, "answered 502"), (504, "answered 504")] {
            let proxy = try StubHTTPServer { _ in .response(status, body: Array("<html>no</html>".utf8)) }
            defer { proxy.stop() }
            let run = try PublisherOnce.run(
                credentials.merging(["BROKER_URL": "\(scheme)://pact-broker.test", variable: proxy.url]) { $1 }
            )
            #expect(run.exit == .code(status == 407 ? 1 : 69), "\(run.output)")
            #expect(run.output.contains("broker.status=\(status == 407 ? "unauthorized" : "http_error")"))
            #expect(run.output.contains("the proxy \(proxy.url) (\(variable))"), "\(run.output)")
            #expect(run.output.contains(words), "\(run.output)")
            if status != 407 { #expect(run.output.contains("NO_PROXY")) }
            #expect(!run.output.contains("s3cret"))
        }
    }

    @Test func `refused proxy credentials are told as such and never shown`() throws {
        let proxy = try StubHTTPServer { _ in .response(407) }
        defer { proxy.stop() }
        let url = proxy.url.replacing("http://", with: "http://user:w0rd@")
        let run = try PublisherOnce.run(["BROKER_URL": "https://pact-broker.test", "HTTPS_PROXY": url])
        #expect(run.output.contains("refuses the credentials that it was given (407)"), "\(run.output)")
        #expect(!run.output.contains("w0rd"))
        #expect(proxy.requests.first?.header("proxy-authorization") == "Basic dXNlcjp3MHJk")
    }

    @Test(arguments: [["BROKER_TOKEN": "s3cret"], ["BROKER_USERNAME": "pact", "BROKER_PASSWORD": "s3cret"]])
    func `for https the proxy sees the broker's name and nothing else`(credentials: [String: String]) throws {
        let proxy = try StubHTTPServer { _ in .response(403) }
        defer { proxy.stop() }
        let environment = ["BROKER_URL": "https://pact-broker.test/base", "HTTPS_PROXY": proxy.url]
        let run = try PublisherOnce.run(credentials.merging(environment) { $1 })
        #expect(run.exit == .code(69), "\(run.output)")
        #expect(!proxy.requests.isEmpty)
        for request in proxy.requests {
            #expect(request.method == "CONNECT" && request.path == "pact-broker.test:443")
            #expect(request.header("authorization") == nil)
            let sent = request.headerLines.joined(separator: "\n") + request.path
            #expect(!sent.contains("s3cret") && !sent.contains(Self.brokerWord) && !sent.contains("base"))
        }
    }

    @Test func `a proxy that is not there is named`() throws {
        let gone = try LocalBrokerProcess()
        gone.stop()
        let environment = ["BROKER_URL": "https://pact-broker.test", "HTTPS_PROXY": gone.url]
        let run = try PublisherOnce.run(environment)
        #expect(run.exit == .code(69))
        #expect(run.output.contains("asked through the proxy \(gone.url) (HTTPS_PROXY)"), "\(run.output)")
        #expect(run.output.contains("broker.status=refused"))
    }
}
