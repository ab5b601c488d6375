import Shared
import TestSupport
import Testing

@testable import Gate

/// What answers mean: those of our manager, of the ancestor's kind, of the real broker, and everything else.
struct GateVerdictTests {
    func answer(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> GateAnswer {
        GateAnswer(status: status, headers: headers, body: Array(body.utf8))
    }

    func reason(_ verdict: GateVerdict) throws -> GateReason {
        guard case .notYet(let reason) = verdict else {
            throw TestSupportError.malformedResponse("\(verdict)")
        }
        return reason
    }

    @Test func theShortestReadyAnswerIsEnough() {
        let short = #"{"ready":true,"provider":"Orders","published_at":"2024-01-01T00:00:00Z"}"#
        #expect(GateVerdict(manager: answer(200, short), provider: "Orders") == .ready([]))
    }

    @Test func versionAndContentAreTaken() {
        let body = #"""
            {"ready":true,"contracts":[{"consumer":"Shop","version":"main-1","sha256":"ab"},
            {"consumer":"Till","version":null,"sha256":null},{"version":"no consumer"}]}
            """#
        let expected = [
            ContractNote(provider: "Orders", consumer: "Shop", version: "main-1", sha256: "ab"),
            ContractNote(provider: "Orders", consumer: "Till"),
        ]
        #expect(GateVerdict(manager: answer(200, body), provider: "Orders") == .ready(expected))
    }

    @Test(arguments: [
        (503, #"{"ready":false,"reason":"pending","detail":"soon"}"#, "pending", "soon"),
        (404, #"{"ready":false,"state":"unknown","detail":"no contract"}"#, "unknown", "no contract"),
        (200, #"{"ready":false}"#, "not ready", "not ready"),
    ])
    func aManagersNotYet(status: Int, body: String, key: String, text: String) throws {
        let reason = try reason(GateVerdict(manager: answer(status, body, ["retry-after": "9"]), provider: "Orders"))
        #expect(reason == GateReason(key: key, text: text, retryAfter: nil, isManagers: true))
    }

    /// None of these may count as ready, and none may be held: whoever answers is no manager.
    @Test(arguments: [
        (200, "", "not one of a manager"), (200, "<html>", "not one of a manager"), (200, "true", "a manager"),
        (200, #"{"ready":"true"}"#, "a manager"), (200, #"{"ready":1}"#, "a manager"), (200, "[]", "a manager"),
        (200, #"{"ready":true"#, "a manager"), (200, "\u{FEFF}{\"ready\":true}", "a manager"),
        (201, #"{"ready":true}"#, "a manager"), (404, "not found", "a manager"), (301, "", "redirects"),
        (302, #"{"ready":true}"#, "redirects"), (500, #"{"error":1}"#, "answers 500"), (503, "", "answers 503"),
        (503, #"{"ready":true}"#, "a manager"), (429, "", "answers 429"), (401, "", "a manager"),
    ])
    func nothingElseOfAManagerIsReady(status: Int, body: String, word: String) throws {
        let reason = try reason(GateVerdict(manager: answer(status, body), provider: "Orders"))
        #expect(!reason.isManagers)
        #expect(reason.text.contains(word), "\(reason)")
    }

    @Test func aRedirectSaysWhereTo() throws {
        let redirect = answer(308, "", ["location": "https://elsewhere/"])
        #expect(try reason(GateVerdict(manager: redirect, provider: "P")).text.contains("https://elsewhere/"))
    }

    @Test func theRealBrokersListIsRead() throws {
        // As pact_broker 2.120.0 answers GET /pacts/provider/Ledger/latest, without its deprecated members.
        let body = #"""
            {"_links":{"self":{"href":"http://127.0.0.1:9292/pacts/provider/Ledger/latest"},"pb:pacts":[{"href":\#
            "http://127.0.0.1:9292/pacts/provider/Ledger/consumer/Till/version/feat%2Fx-1","name":"Till"}]}}
            """#
        let expected = ContractNote(provider: "Ledger", consumer: "Till", version: "feat/x-1")
        #expect(GateVerdict(broker: answer(200, body), provider: "Ledger", consumer: nil) == .ready([expected]))
        let empty = GateVerdict(broker: answer(200, #"{"_links":{"pb:pacts":[]}}"#), provider: "Ledger", consumer: nil)
        #expect(try reason(empty).key == "404")
    }

    @Test func theRealBrokersPairIsRead() {
        let deep = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
        let body = #"""
            {"consumer":{"name":"Till"},"provider":{"name":"Ledger"},"interactions":[{"x":\#(deep)}],
            "_links":{"pb:pact-version":{"name":"5d1e"},"pb:consumer-version":{"name":"1.1.0"}}}
            """#
        let expected = ContractNote(provider: "Ledger", consumer: "Till", version: "1.1.0", pactVersion: "5d1e")
        #expect(GateVerdict(broker: answer(200, body), provider: "Ledger", consumer: "Till") == .ready([expected]))
    }

    @Test(arguments: [
        (200, "<html>", "not one of a Pact Broker"), (200, "{}", "a Pact Broker"),
        (200, #"{"_links":{}}"#, "a Pact Broker"),
        (401, "", "BROKER_USERNAME"), (403, "", "credentials"), (404, "", "no contract of 'Orders'"),
        (500, "{}", "answers 500"), (502, "", "answers 502"), (418, "", "a Pact Broker"),
    ])
    func nothingElseOfABrokerIsReady(status: Int, body: String, word: String) throws {
        let text = try reason(GateVerdict(broker: answer(status, body), provider: "Orders", consumer: nil)).text
        #expect(text.contains(word), "\(text)")
    }

    @Test func aConsumersContractMustBeOne() throws {
        let list = #"{"_links":{"pb:pacts":[{"name":"Till"}]}}"#
        _ = try reason(GateVerdict(broker: answer(200, list), provider: "Orders", consumer: "Till"))
    }
}

/// What the command is told.
struct GateOutcomeTests {
    func outcome(_ contracts: [ContractNote]) -> GateOutcome {
        GateOutcome(contracts: contracts, missing: [], waited: .zero)
    }

    @Test func aSingleContractHasItsVersionAndContent() {
        let note = ContractNote(provider: "Orders", consumer: "Shop", version: "main-1", sha256: "ab")
        #expect(
            outcome([note]).environment == [
                "PACT_CONTRACT_READY=1",
                #"PACT_CONTRACTS=[{"provider":"Orders","consumer":"Shop","version":"main-1","sha256":"ab"}]"#,
                "PACT_CONTRACT_VERSION=main-1", "PACT_CONTRACT_SHA256=ab",
            ]
        )
    }

    @Test func aListThatNoVariableHoldsIsLeftOut() {
        let notes = (0..<5000).map { ContractNote(provider: "Orders", consumer: "Consumer \($0)", version: "1") }
        #expect(outcome(notes).environment == ["PACT_CONTRACT_READY=1"])
    }

    @Test func aVersionWithControlCharactersIsNoValue() {
        let note = ContractNote(provider: "P", consumer: "C", version: "1\nPATH=/tmp\u{0}", sha256: nil)
        #expect(outcome([note]).environment.count == 2)
        #expect(outcome([note]).environment.allSatisfy { !$0.utf8.contains(0) && !$0.utf8.contains(0x0A) })
    }

    @Test func aLineStaysALine() {
        let line = GateConsole.line("a\nb\u{1B}[31m\u{9B}ü")
        #expect(String(decoding: line, as: UTF8.self) == "wait-for-contract: a\\x0ab\\x1b[31m\\x9bü\n")
        #expect(GateConsole.line(String(repeating: "\u{1}", count: 100_000)).count <= 4096)
    }
}
