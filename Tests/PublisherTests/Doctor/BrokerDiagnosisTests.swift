import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// Facts about a broker in, lines out.
@Suite struct BrokerDiagnosisTests {
    static let version: (String, String) = ("x-pact-broker-version", "2.120.0")
    static let links = #"{"_links":{"pb:publish-contracts":{},"pb:publish-pact":{}}}"#

    static func answer(_ status: Int, _ body: String = "", _ headers: [(String, String)] = [version])
        -> BrokerFacts.Answer
    {
        .success(HTTPResponse(status: status, headers: HTTPHeaders(headers), body: Array(body.utf8)))
    }

    /// A broker with which all is well.
    static func facts(_ url: String = "http://broker.test:9292") throws -> BrokerFacts {
        let url = try #require(BaseURL(url))
        var facts = BrokerFacts(url: url, target: .init(url, proxy: nil))
        facts.credentials = .basic(username: "pact", password: "hidden")
        facts.connections = [.init(address: "10.0.0.1:9292", failure: nil)]
        facts.answers = [
            .heartbeat: answer(200, "{}"), .dependencies: answer(200, "{}"), .index: answer(200, links),
            .publish: answer(400, #"{"errors":{"contracts":["is missing"]}}"#),
        ]
        return facts
    }

    private func line(
        _ check: DoctorCheck,
        _ url: String = "http://broker.test:9292",
        _ change: (inout BrokerFacts) throws -> Void
    ) throws -> DoctorLine? {
        var facts = try Self.facts(url)
        try change(&facts)
        return BrokerDiagnosis(facts: facts).lines.first { $0.check == check }
    }

    @Test func aGoodBrokerIsAllGood() throws {
        let lines = BrokerDiagnosis(facts: try Self.facts()).lines
        #expect(lines.count == 9 && lines.allSatisfy { $0.mark == .good }, "\(lines)")
        #expect(!lines.contains { $0.found.contains("hidden") })
        let secure = BrokerDiagnosis(facts: try Self.facts("https://broker.test")).lines
        #expect(secure.count == 10 && secure.contains { $0.check == .brokerTLS && $0.mark == .good })
    }

    @Test func aNameWithoutAnAddressEndsIt() throws {
        var facts = try Self.facts()
        facts.lookupFailure = "Name or service not known"
        (facts.connections, facts.answers) = ([], [:])
        let lines = BrokerDiagnosis(facts: facts).lines
        #expect(lines.map(\.check) == [.brokerURL, .brokerDNS] && lines[1].mark == .wrong)
        facts.isDefault = true
        #expect(BrokerDiagnosis(facts: facts).lines[1].remedy == "set BROKER_URL to the broker's address")
    }

    @Test func eachAddressIsNamedAndOneOfSeveralIsEnough() throws {
        let both: [BrokerFacts.Connection] = [
            .init(address: "[::1]:9292", failure: "Connection refused"), .init(address: "127.0.0.1:9292", failure: nil),
        ]
        let some = try line(.brokerTCP) { $0.connections = both }
        #expect(some?.mark == .odd && some?.found == "[::1]:9292 Connection refused, 127.0.0.1:9292 answers")
        let none = try line(.brokerTCP) { $0.connections = [both[0]] }
        #expect(none?.mark == .wrong)
    }

    @Test func aServiceWithoutEndpointsMayBeOurOwn() throws {
        func own(_ host: String, local: Bool, isReached: Bool = false, pod: Bool = true) throws -> DoctorLine? {
            try line(.brokerOwnService, "http://\(host):9292") { facts in
                facts.connections = [.init(address: "10.96.0.1:9292", failure: isReached ? nil : "Connection refused")]
                if !isReached { facts.answers = [:] }
                if pod { facts.pod = .init(namespace: "pact", answersOnLoopback: local) }
            }
        }
        for host in ["pact-broker", "pact-broker.pact", "pact-broker.pact.svc", "pact-broker.pact.svc.cluster.local"] {
            let here = try own(host, local: true)
            #expect(here?.mark == .odd && here?.remedy == "set BROKER_URL=http://127.0.0.1:9292", "\(host)")
            #expect(here?.found.contains("in this very pod") == true)
        }
        let unknown = try own("pact-broker", local: false)
        #expect(unknown?.mark == .odd && unknown?.remedy.contains("BROKER_URL=http://127.0.0.1:9292") == true)
        #expect(try own("pact-broker", local: false, isReached: true)?.mark == .good)
        for host in ["pact-broker.other", "broker.example.com", "10.96.0.1", "localhost"] {
            #expect(try own(host, local: true) == nil, "\(host)")
        }
        #expect(try own("pact-broker", local: true, pod: false) == nil)
    }

    @Test func aCertificateIsJudgedByTheFirstAnswer() throws {
        var facts = try Self.facts("https://broker.test")
        let explanation = BrokerExplanation(url: facts.url, connection: .init())
        let error = TransportError(.tls, "SSL certificate problem: certificate has expired")
        facts.answers = [.heartbeat: explanation.explain(.failure(error))]
        let lines = BrokerDiagnosis(facts: facts).lines
        #expect(lines.last?.check == .brokerTLS && lines.last?.mark == .wrong)
        #expect(lines.last?.remedy == "renew it, or correct this machine's clock")
        // What is no matter of certificates is the heartbeat's.
        facts.answers = [.heartbeat: .failure(TransportError(.timeout, "timed out"))]
        let late = BrokerDiagnosis(facts: facts).lines
        #expect(late.last?.check == .brokerHeartbeat && late.last?.mark == .wrong && late.count == 4)
    }

    @Test func whoWeAreIsJudgedByTheFirstRefusal() throws {
        let refused = try line(.brokerAuthentication) { facts in
            facts.answers = facts.answers.mapValues { _ in Self.answer(401, "", []) }
        }
        #expect(refused?.mark == .wrong && refused?.remedy.contains("BROKER_PASSWORD") == true)
        // A public heartbeat proves nothing.
        let publicHeartbeat = try line(.brokerAuthentication) { facts in
            facts.answers[.dependencies] = Self.answer(401, "", [])
            facts.answers[.index] = Self.answer(401, "", [])
        }
        #expect(publicHeartbeat?.mark == .wrong)
        let bearer = try line(.brokerAuthentication) { facts in
            facts.credentials = .bearer("hidden")
            facts.answers = facts.answers.mapValues { _ in Self.answer(400, "", []) }
        }
        #expect(
            bearer?.mark == .wrong && bearer?.remedy == "check BROKER_TOKEN" || bearer?.found.contains("bearer") == true
        )
    }

    @Test(arguments: [
        (401, "", DoctorLine.Mark.wrong), (403, "no", .wrong), (400, #"{"errors":{}}"#, .good), (404, "", .odd),
        (200, "{}", .odd), (500, "", .odd), (503, "", .odd), (415, "", .odd),
    ])
    func theRightToWriteIsJudgedByAnEmptyPublication(status: Int, body: String, mark: DoctorLine.Mark) throws {
        let found = try line(.brokerWrite) { $0.answers[.publish] = Self.answer(status, body) }
        #expect(found?.mark == mark, "\(String(describing: found))")
        if mark == .wrong { #expect(found?.remedy == DoctorCheck.brokerWrite.remedy) }
    }

    @Test func whoIsNoPactBrokerIsNotAskedToTakeAPublication() throws {
        let indexes = [
            Self.answer(200, "<html>", []), Self.answer(200, #"{"_links":{}}"#, []), Self.answer(401), Self.answer(404),
            Self.answer(503),
        ]
        for index in indexes {
            var facts = try Self.facts()
            (facts.answers[.index], facts.answers[.publish]) = (index, nil)
            #expect(!facts.isBroker)
            let line = BrokerDiagnosis(facts: facts).lines.first { $0.check == .brokerWrite }
            #expect(line?.mark == .odd && line?.found.hasPrefix("not asked: ") == true, "\(index)")
        }
        // Where there is no way to it, nothing is left to say.
        var facts = try Self.facts()
        facts.answers = [.heartbeat: .failure(TransportError(.timeout, "timed out"))]
        #expect(!BrokerDiagnosis(facts: facts).lines.contains { $0.check == .brokerWrite })
    }

    @Test func anOldBrokerAndOneThatHidesItsVersionAreTold() throws {
        let old = try line(.brokerVersion) { facts in
            facts.answers[.index] = Self.answer(200, #"{"_links":{"pb:publish-pact":{}}}"#)
        }
        #expect(old?.mark == .odd && old?.remedy == "Update the broker to 2.86 or newer.")
        let hidden = try line(.brokerVersion) { facts in
            facts.answers = [.heartbeat: Self.answer(200, "{}", []), .index: Self.answer(200, Self.links, [])]
        }
        #expect(hidden?.mark == .odd)
        let foreign = try line(.brokerIndex) { $0.answers[.index] = Self.answer(200, "<html>", []) }
        #expect(foreign?.mark == .wrong)
        let database = try line(.brokerDatabase) { $0.answers[.dependencies] = Self.answer(500, "{}") }
        #expect(database?.mark == .wrong)
    }

    @Test func throughAProxyItsNameIsLookedUp() throws {
        let url = try #require(BaseURL("https://broker.test"))
        let proxy = try #require(ProxySetting(variable: "HTTPS_PROXY", "http://user:hidden@proxy.test:3128"))
        var facts = try Self.facts("https://broker.test")
        facts.target = .init(url, proxy: proxy)
        #expect(facts.target.host == "proxy.test" && facts.target.port == 3128)
        facts.connections = [.init(address: "10.0.0.2:3128", failure: "Connection refused")]
        facts.answers = [:]
        let lines = BrokerDiagnosis(facts: facts).lines
        #expect(lines.first { $0.check == .brokerTCP }?.remedy == "start the proxy, or correct HTTPS_PROXY")
        #expect(!lines.contains { $0.found.contains("hidden") })
    }

    @Test func anAnswerThatRepeatsTheCredentialsIsNotShown() throws {
        let encoded = Base64.encodeToString(Array("pact:s3cret-word".utf8))
        let body = "Authorization: Basic \(encoded) and s3cret-word and token-abc"
        let response = HTTPResponse(status: 502, body: Array(body.utf8))
        let basic = BrokerExamination.redacted(response, .basic(username: "pact", password: "s3cret-word"))
        let text = String(decoding: basic.body, as: UTF8.self)
        #expect(!text.contains(encoded) && !text.contains("s3cret-word") && text.contains("[secret]"))
        let bearer = BrokerExamination.redacted(response, .bearer("token-abc"))
        #expect(!String(decoding: bearer.body, as: UTF8.self).contains("token-abc"))
    }

    @Test func aLookupAndAConnectionHaveDeadlines() throws {
        let addresses = try NameLookup.addresses(of: "127.0.0.1", port: 1, within: .seconds(5))
        #expect(addresses.map(\.text) == ["127.0.0.1:1"])
        #expect(ConnectionTrial.failures(addresses, within: .seconds(3)) == ["Connection refused"])
        #expect(throws: NameLookup.Failure.self) {
            try NameLookup.addresses(of: "no-such-name.invalid", port: 1, within: .seconds(5))
        }
    }
}
