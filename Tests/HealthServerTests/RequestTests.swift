import Testing

@testable import HealthServer

@Suite struct RequestTests {
    @Test(arguments: [
        ("/liveness", Route.liveness), ("/livez", .liveness), ("/readiness", .readiness), ("/readyz", .readiness),
        ("/ready", .ready), ("/health", .health), ("/healthz", .health), ("/providers", .providers),
        ("/status", .status), ("/%6civeness", .liveness), ("/liveness?ver", .liveness),
        ("/liveness?verbose", .livenessChecks(CheckQuery(isVerbose: true))),
        ("/%6civeness?verbose=0", .livenessChecks(CheckQuery(isVerbose: true))),
        ("/readyz?exclude=broker&x=%zz&exclude=a%20b", .readinessChecks(CheckQuery(excluded: ["broker", "a b"]))),
        ("/readiness?verbos%65&exclude=", .readinessChecks(CheckQuery(isVerbose: true))),
        ("/readyz?exclude", .readiness),
        ("/startup?provider=P", .startup(StartupQuery(providers: ["P"]))),
        (
            "/startup?provider=P&provider=a%2Fb&consumer=C&fallback=1440m",
            .startup(StartupQuery(providers: ["P", "a/b"], consumer: "C", fallback: .seconds(86_400)))
        ),
        ("http://manager:8081/ready", .ready), ("/ready#part", .ready),
        ("/providers/a%2Fb/ready", .provider(ProviderQuery(provider: "a/b"), wait: nil)),
        ("/providers/a%20b/ready", .provider(ProviderQuery(provider: "a b"), wait: nil)),
        ("/providers/%C3%A4/ready", .provider(ProviderQuery(provider: "ä"), wait: nil)),
        ("/providers/a+b/ready", .provider(ProviderQuery(provider: "a+b"), wait: nil)),
        ("/providers/P/ready?wait=30s", .provider(ProviderQuery(provider: "P"), wait: .seconds(30))),
        (
            "/providers/P/ready?consumer=My%20App&revision=ABCDEF0&wait=1500ms",
            .provider(
                ProviderQuery(provider: "P", consumer: "My App", revision: "abcdef0"),
                wait: .milliseconds(1500)
            )
        ),
        ("/", .index), ("http://host", .index), ("/status", .status), ("/status.json", .statusJSON),
        ("/events", .events),
    ])
    func targetsLeadToTheirRoutes(_ target: String, _ route: Route) throws {
        #expect(try Route(target: target) == route)
    }

    @Test(arguments: [
        ("/nothing", 404), ("//liveness", 404), ("/liveness/", 404), ("/providers/", 404),
        ("/providers/P", 404), ("/providers//ready", 404), ("/providers/a/b/ready", 404),
        ("/../../etc/passwd", 404), ("/..%2fliveness", 404), ("liveness", 400), ("*", 400),
        ("", 400), ("/providers/%/ready", 400), ("/providers/%4/ready", 400), ("/providers/%zz/ready", 400),
        ("/providers/%00/ready", 400), ("/providers/%c0%af/ready", 400), ("/providers/%ff/ready", 400),
        ("/providers/%ed%a0%80/ready", 400), ("/status?x=%", 400),
        ("/providers/P/ready?wait=", 400), ("/providers/P/ready?wait", 400), ("/providers/P/ready?wait=soon", 400),
        ("/providers/P/ready?wait=-1s", 400), ("/providers/P/ready?wait=301s", 400),
        ("/providers/P/ready?wait=nan", 400), ("/providers/P/ready?wait=1e3", 400),
        ("/providers/P/ready?wait=99999999999999999999", 400), ("/providers/P/ready?revision=abc", 400),
        ("/providers/P/ready?revision=xyzxyzx", 400), ("/startup", 400), ("/startup?provider", 400),
        ("/startup?provider=P&fallback=86401s", 400), ("/startup?provider=P&fallback=-1s", 400),
        ("/startup?provider=P&wait=30s", 400), ("/startup/", 404),
    ])
    func everythingElseGetsAProblem(_ target: String, _ status: Int) throws {
        let failure = #expect(throws: RouteFailure.self) { try Route(target: target) }
        let answer = try #require(failure?.answer)
        #expect(answer.status == status)
        #expect(answer.contentType == "application/problem+json")
        let body = try TestJSON(answer.body)
        #expect(body["status"]?.int == status)
        #expect(body["detail"]?.string?.isEmpty == false)
    }

    @Test(arguments: [
        ("30s", Duration.seconds(30)), ("1500ms", .milliseconds(1500)), ("2m", .seconds(120)), ("5", .seconds(5)),
        ("0", .zero), ("0.25s", .milliseconds(250)), ("300s", .seconds(300)), ("5m", .seconds(300)),
    ])
    func waitsAreReadInEveryUnit(_ text: String, _ duration: Duration) {
        #expect(WaitParameter.duration(text) == duration)
    }

    /// `?wat=2s` would be answered at once as if nobody wanted to wait.
    @Test(arguments: [
        ("/providers/P/ready?wat=2s", "wat", "wait, consumer, revision"),
        ("/providers/P/ready?wait=2s&Consumer=C", "Consumer", "wait, consumer, revision"),
        ("/providers?consumer=C", "consumer", "there is none here"), ("/status?watch", "watch", "there is none here"),
    ])
    func anUnknownParameterIsNamedWithTheKnownOnes(_ target: String, _ name: String, _ known: String) throws {
        let failure = #expect(throws: RouteFailure.self) { try Route(target: target) }
        let answer = try #require(failure?.answer)
        #expect(answer.status == 400)
        let detail = try #require(try TestJSON(answer.body)["detail"]?.string)
        #expect(detail.contains("'\(name)'") && detail.contains(known), "\(detail)")
    }

    /// Whatever a kubelet, a load balancer or an older client appends.
    @Test(arguments: ["/liveness", "/livez", "/readiness", "/readyz", "/ready", "/health", "/healthz"])
    func aProbeIsNeverRefusedForItsQuery(_ path: String) throws {
        for query in ["x=1&wait=ever", "", "x=%", "%ff", "a=b?c", "%76erbose%", "exclude=%00"] {
            #expect(try Route(target: path + "?" + query) == Route(target: path))
        }
    }

    @Test func aBadWaitIsNamedInTheAnswer() {
        let failure = #expect(throws: RouteFailure.self) { try Route(target: "/providers/P/ready?wait=ever") }
        #expect(failure.map { String(decoding: $0.answer.body, as: UTF8.self).contains("wait='ever'") } == true)
    }

    @Test(arguments: [
        ("2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00Z"), ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z"), ("2023-12-31T18:30:00-05:30", "2024-01-01T00:00:00Z"),
        ("2024-02-29T12:00:00.5Z", "2024-02-29T12:00:00.500Z"), ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("2000-03-01T00:00:00.123456789+00:00", "2000-03-01T00:00:00.123Z"),
        ("2026-11-23t01:02:03z", "2026-11-23T01:02:03Z"),
    ])
    func datesBecomeUTC(_ text: String, _ shown: String) {
        #expect(UTCTimestamp(text)?.text == shown)
    }

    @Test(arguments: [
        "", "2024", "2024-01-01", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx", "Mon, 01 Jan 2024",
    ])
    func whatIsNoDateIsRefused(_ text: String) {
        #expect(UTCTimestamp(text) == nil)
    }
}
