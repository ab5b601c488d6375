import Shared
import SharedHTTP
import Testing

@testable import Publisher

@Suite("What the broker's answers mean")
struct BrokerAnswerTests {
    @Test func `every recorded answer to a request like ours is read as it was meant`() throws {
        let tables = try BrokerTranscript.files().map { try BrokerAnswerTable(file: $0) }
        print(BrokerAnswerTable.header)
        for table in tables {
            print(table)
            #expect(table.faults.isEmpty, "\(table.file)")
            #expect(table.agree + table.differences.count == table.recognised)
        }
        func total(_ count: (BrokerAnswerTable) -> Int) -> Int { tables.reduce(0) { $0 + count($1) } }
        let recognised = total(\.recognised)
        print(
            "\(tables.count) files, \(total(\.exchanges)) exchanges: \(recognised) like ours, \(total(\.agree)) agree "
                + "(\(total(\.cut.count)) by status and headers only), \(total(\.differences.count)) differ on purpose"
        )
        print("By status and headers only: " + tables.compactMap(\.cutList).joined(separator: ", "))
        // None gets lost silently.
        #expect(total(\.exchanges) == 381)
        #expect(recognised == 297)
    }

    private func name(_ outcome: BrokerOutcome) -> String {
        let text = "\(outcome)"
        return String(text.prefix { $0 != "(" })
    }

    @Test(arguments: [
        ("https://user:secret@sso.example/login?token=secret#secret", "https://sso.example/login"),
        ("//user:secret@sso.example?secret", "//sso.example"), ("/login;x?state=secret", "/login;x"),
        ("https://sso.example", "https://sso.example"), ("https://sso.example/@me", "https://sso.example/@me"),
    ])
    func `of a redirection's target only scheme, host and path are shown`(location: String, shown: String) {
        for status in [301, 302, 307] {
            let headers = HTTPHeaders([("Location", location)])
            let response = HTTPResponse(status: status, headers: headers, body: [])
            guard case .notABroker(let text) = BrokerAnswer.outcome(of: .heartbeat, .success(response)) else {
                Issue.record("another outcome")
                continue
            }
            #expect(text.contains(" to \(shown), which"), "\(text)")
            #expect(!text.contains("secret"))
        }
    }

    /// A broker without `/contracts/publish` names no places that differ.
    @Test func `a single contract's conflict carries the broker's text, in all its forms`() throws {
        let exchanges = try BrokerTranscript.exchanges("13-put-changed-409.txt").filter { $0.response.status == 409 }
        #expect(Set(exchanges.map { $0.response.headers["content-type"]?.prefix { $0 != ";" } }).count == 2)
        for exchange in exchanges {
            let outcome = BrokerAnswer.outcome(of: try #require(exchange.kind), .success(exchange.response))
            guard case .contentConflict(let text, let paths) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(text.hasPrefix("Cannot change the content of the pact for Foo version 1.0.0 and provider Bar, as"))
            #expect(paths.isEmpty)
        }
    }

    /// A name with a slash that a proxy unescapes: "older than 2.86" alone would lead nowhere.
    @Test func `a single contract's path that is not there is explained`() throws {
        let exchange = try #require(
            try BrokerTranscript.exchanges("21-put-names-slash.txt").first { $0.response.status == 404 }
        )
        let outcome = BrokerAnswer.outcome(of: try #require(exchange.kind), .success(exchange.response))
        guard case .noSuchEndpoint(let text) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(
            text.contains("proxy") && text.contains("BROKER_URL") && !text.hasPrefix("/contracts/publish"),
            "\(text)"
        )
    }

    @Test func `a content conflict carries the broker's text and the paths that differ`() throws {
        let exchange = try #require(try BrokerTranscript.exchanges("57-publish-conflict-409.txt").first)
        let outcome = BrokerAnswer.outcome(of: .publish, .success(exchange.response))
        guard case .contentConflict(let text, let paths) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.hasPrefix("Cannot change the content of the pact for Web version 1.0.0 and provider Orders"))
        #expect(paths == ["$.interactions[*].request.path"])
    }

    @Test func `a similar name carries both names`() throws {
        let exchange = try #require(
            try BrokerTranscript.exchanges("29-put-similar-name-409.txt")
                .first { $0.method == "POST" && $0.kind == .publish }
        )
        let outcome = BrokerAnswer.outcome(of: .publish, .success(exchange.response))
        guard case .similarName(let text, let name) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(name == "payment_gateways")
        #expect(text.contains("Payment Gateway"))
    }

    @Test func `a similar name in plain text is understood too`() throws {
        let exchange = try #require(
            try BrokerTranscript.exchanges("29-put-similar-name-409.txt")
                .first { $0.response.status == 409 && $0.response.headers["content-type"] == "text/plain" && !$0.isCut }
        )
        let outcome = BrokerAnswer.outcome(of: .publish, .success(exchange.response))
        guard case .similarName(_, let name) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(name == "payment-gateway")
    }

    @Test func `the bulk read names pair, version and createdAt`() throws {
        let exchange = try #require(try BrokerTranscript.exchanges("84-get-pacts-latest.txt").first)
        let outcome = BrokerAnswer.outcome(of: .latestPacts, .success(exchange.response))
        let pact = LatestPact(
            key: PairKey(consumer: "Till", provider: "Ledger"),
            version: "1.1.0",
            createdAt: "2026-11-23T00:57:35+00:00"
        )
        #expect(outcome == .latest([pact]))
    }

    @Test func `a republication without changes is told from a new one`() throws {
        let new = try #require(try BrokerTranscript.exchanges("50-publish-one.txt").first)
        let again = try #require(try BrokerTranscript.exchanges("51-publish-same-again.txt").first)
        #expect(BrokerAnswer.outcome(of: .publish, .success(new.response)) == .published(PublishNotices()))
        #expect(
            BrokerAnswer.outcome(of: .publish, .success(again.response))
                == .published(PublishNotices(warnings: [], isUnchanged: true))
        )
    }

    @Test func `a 500 with a reference keeps the reference`() {
        let body = #"{"error":{"message":"An error has occurred","reference":"qqSHpSIBkB"}}"#
        let outcome = BrokerAnswer.outcome(of: .publish, .success(HTTPResponse(status: 500, body: Array(body.utf8))))
        #expect(outcome == .brokerError("An error has occurred", reference: "qqSHpSIBkB"))
    }

    @Test func `problem+json is read for its text; its status member may lie`() {
        let body = #"{"title":"Server error","type":"x","status":500,"detail":"Cannot change the content"}"#
        let response = HTTPResponse(status: 409, body: Array(body.utf8))
        #expect(
            BrokerAnswer.outcome(of: .publish, .success(response))
                == .contentConflict("Cannot change the content", jsonPaths: [])
        )
    }

    @Test(arguments: [408, 429, 502, 503, 504])
    func `what only a proxy says is transient and its Retry-After counts`(status: Int) {
        let response = HTTPResponse(
            status: status,
            headers: HTTPHeaders([("Retry-After", "7"), ("Content-Type", "text/html")]),
            body: Array("<html>gateway</html>".utf8)
        )
        #expect(
            BrokerAnswer.outcome(of: .publish, .success(response))
                == .transient(
                    .init(
                        cause: .http(status),
                        text: "the broker, or a server in front of it, answered \(status)",
                        retryAfter: .seconds(7)
                    )
                )
        )
    }

    @Test func `a missing publish endpoint is explained`() {
        let outcome = BrokerAnswer.outcome(of: .publish, .success(HTTPResponse(status: 404)))
        guard case .noSuchEndpoint(let text) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(text.contains("BROKER_URL") && text.contains("2.86"))
    }

    @Test func `another web server is not taken for a broker`() {
        let page = HTTPResponse(status: 200, body: Array("<html>Welcome to nginx!</html>".utf8))
        #expect(name(BrokerAnswer.outcome(of: .index, .success(page))) == "notABroker")
        #expect(name(BrokerAnswer.outcome(of: .latestPacts, .success(page))) == "notABroker")
    }

    @Test func `every status has an outcome for every kind`() {
        let bodies = ["", "text", "{}", #"{"error":5}"#, #"{"errors":{"contracts":"x"}}"#, #"{"notices":[1]}"#]
        for kind in BrokerRequest.Kind.allCases {
            for status in 200...599 {
                let body = bodies[status % bodies.count]
                let outcome = BrokerAnswer.outcome(
                    of: kind,
                    .success(HTTPResponse(status: status, body: Array(body.utf8)))
                )
                // The plan takes it without a precondition failure.
                let simulation = PlanSimulation()
                simulation.desire([PairKey("web", "orders"): "A"])
                if simulation.run(for: .seconds(5), until: { $0.requestIsNext(kind) }) { simulation.inject(outcome) }
            }
        }
    }
}
