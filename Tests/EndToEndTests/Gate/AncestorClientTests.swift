import Glibc
import Shared
import Synchronization
import TestSupport
import Testing

/// The loops in the mock servers that are out there, as they are: what they ask, what they take for ready, where they
/// pause and where they do not. Our server must serve them without a change.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AncestorClientTests {
    enum Wait: Equatable {
        case ready(questions: Int)
        case timedOut
        case unreadable
    }

    /// Polls `/providers/P/ready`: ready is 200 with `"ready":true`. An answer of 200 that is no JSON ends it at once; one
    /// of 200 that says `false` is asked again without any pause; everything else pauses 2 s.
    func waitByProvider(_ url: String, _ provider: String, seconds: Int64) throws -> Wait {
        let client = try TestHTTPClient(url)
        let start = MonotonicTime.now()
        var questions = 0
        while MonotonicTime.now() - start < .seconds(seconds) {
            questions += 1
            if let answer = try? client.get("/providers/\(provider)/ready"), answer.status == 200 {
                guard let body = try? JSONReader.parse(answer.body), let isReady = body["ready"]?.bool,
                    body["provider"]?.string != nil, body["published_at"]?.string != nil
                else { return .unreadable }
                if isReady { return .ready(questions: questions) }
            } else {
                // The client's own pause, not the test's.
                sleep(2)
            }
        }
        return .timedOut
    }

    /// Polls `/ready`, 5 s for each question: any 2xx with four members, and the provider among the published ones
    /// whatever its case; else it pauses 2 s.
    func waitByList(_ url: String, _ provider: String, seconds: Int64) throws -> Wait {
        let client = try TestHTTPClient(url, timeout: .seconds(5))
        let start = MonotonicTime.now()
        var questions = 0
        while MonotonicTime.now() - start < .seconds(seconds) {
            questions += 1
            if let answer = try? client.get("/ready"), (200..<300).contains(answer.status),
                let body = try? JSONReader.parse(answer.body), body["status"]?.string == "ready",
                body["broker_healthy"]?.bool == true, body["pacts_published"]?.bool == true,
                let published = body["published_providers"]?.array,
                published.contains(where: { $0.string?.lowercased() == provider.lowercased() })
            {
                return .ready(questions: questions)
            }
            // The client's own pause here too.
            sleep(2)
        }
        return .timedOut
    }

    @Test func bothLoopsEndWhenTheContractIsThere() throws {
        let stage = try GateStage()
        let manager = try stage.manager()
        let url = manager.client.baseURL
        let waits = Mutex<[String: Wait]>([:])
        let byProvider = TestThread {
            let wait = try? self.waitByProvider(url, GateProcess.provider, seconds: 60)
            waits.withLock { $0["by provider"] = wait }
        }
        let byList = TestThread {
            let wait = try? self.waitByList(url, GateProcess.provider.uppercased(), seconds: 60)
            waits.withLock { $0["by list"] = wait }
        }
        // Both have been told "no" at least once.
        for route in ["/ready", "/providers/{provider}/ready"] {
            try manager.wait(for: "a question to \(route)") {
                manager.get("/metrics").body.split(separator: "\n")
                    .contains { $0.contains("requests_total{") && $0.contains("\"\(route)\"") && !$0.hasSuffix(" 0") }
            }
        }
        try stage.addContract()
        byProvider.join()
        byList.join()
        let (first, second) = waits.withLock { ($0["by provider"], $0["by list"]) }
        print("the ancestor's loops: by provider \(String(describing: first)), by list \(String(describing: second))")
        guard case .ready? = first, case .ready? = second else {
            Issue.record("one of them did not end: \(waits.withLock { $0 })")
            return
        }
    }

    @Test func withoutAManagerBothGiveUpAndTheMockStartsWithItsDefaults() throws {
        #expect(try waitByProvider("http://127.0.0.1:1", "P", seconds: 3) == .timedOut)
        #expect(try waitByList("http://127.0.0.1:1", "P", seconds: 3) == .timedOut)
    }

    @Test func anotherProvidersContractOpensNeither() throws {
        let stage = try GateStage()
        let manager = try stage.manager()
        try stage.addContract("azure-key-vault")
        try manager.wait(for: "azure") { manager.get("/readiness").code == 200 }
        #expect(try waitByProvider(manager.client.baseURL, GateProcess.provider, seconds: 3) == .timedOut)
        #expect(try waitByList(manager.client.baseURL, GateProcess.provider, seconds: 3) == .timedOut)
        #expect(try waitByList(manager.client.baseURL, "azure-key-vault", seconds: 3) == .ready(questions: 1))
    }
}
