import Shared
import Testing

@testable import LocalBroker

@Suite("Fault rules")
struct FaultSetTests {
    private func set(_ json: String) throws -> FaultSet { FaultSet(try FaultCommand(Array(json.utf8)).rules) }

    private func status(_ decision: FaultSet.Decision) -> Int? {
        if case .status(let status, _, _, _)? = decision.effect { status } else { nil }
    }

    @Test("a rule applies to its method, the beginning of its path, after so many and for so many requests")
    func limits() throws {
        var faults = try set(#"{"status": 503, "method": "post", "paths": ["/contracts"], "after": 1, "count": 2}"#)
        let requests = [
            ("GET", "/contracts/publish"), ("POST", "/pacticipants"), ("POST", "/contracts/publish"),
            ("POST", "/contracts/publish"), ("POST", "/contracts/publish"), ("POST", "/contracts/publish"),
        ]
        let answers = requests.map { method, path in
            status(faults.decide(method: method, path: path, contains: { _ in false }))
        }
        #expect(answers == [nil, nil, nil, 503, 503, nil])
        #expect(faults.rules.isEmpty)
    }

    @Test("latencies add up, of the other faults the first decides")
    func combination() throws {
        var faults = try set(#"[{"latency_ms": 20}, {"status": 500, "latency_ms": 5}, {"status": 503}]"#)
        let decision = faults.decide(method: "GET", path: "/", contains: { _ in false })
        #expect(decision.latency == .milliseconds(25))
        #expect(status(decision) == 500)
    }

    @Test("a request is carried out for a spoilt answer, not for a replaced one, unless asked for")
    func handling() throws {
        for (json, handles) in [
            (#"{"status": 503}"#, false), (#"{"status": 503, "handled": true}"#, true), (#"{"hang": true}"#, false),
            (#"{"hang": 1}"#, true), (#"{"close_mid_body": true}"#, true), (#"{"close": true}"#, false),
        ] {
            var faults = try set(json)
            #expect(faults.decide(method: "GET", path: "/", contains: { _ in false }).handles == handles, "\(json)")
        }
    }

    @Test(
        "a body that says nothing or something unknown is refused with what is wrong",
        arguments: [
            (#"{"stauts": 503}"#, "stauts"), ("{}", "no fault"), (#"{"status": "503"}"#, "200 to 599"),
            ("[1]", "object"),
            (#"{"latency_ms": -1}"#, "latency_ms"), ("{", "not JSON"), (#"{"hang": 1e9}"#, "hang"),
            (#"{"status": 500, "paths": [1]}"#, "paths"),
        ]
    )
    func refusals(_ json: String, _ word: String) {
        let error = #expect(throws: FaultCommand.ParseError.self) { try FaultCommand(Array(json.utf8)) }
        #expect(error?.description.contains(word) ?? false, "\(error?.description ?? "")")
    }
}
