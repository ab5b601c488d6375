import Shared
import TestSupport
import Testing

@testable import LocalBroker

/// What a client sees of each fault.
@Suite("Faults on the wire", .timeLimit(.minutes(1)))
struct FaultTests {
    @Test("a status comes with its retry-after for its count, then the broker answers again")
    func status() throws {
        let broker = try BrokerFixture()
        #expect(try broker.faults(#"{"status": 429, "retry_after": 7, "count": 1, "body": {"a": 1}}"#) == 200)
        let refused = try broker.client.get("/pacts/latest")
        #expect(refused.status == 429)
        #expect(refused.header("retry-after") == "7")
        #expect(refused.text == #"{"a":1}"#)
        #expect(try broker.client.get("/pacts/latest").status == 200)
    }

    @Test("a replaced answer stores nothing, a lost one everything")
    func handled() throws {
        let broker = try BrokerFixture()
        _ = try broker.faults(#"{"status": 502, "method": "POST", "count": 1}"#)
        #expect(try broker.publish("1", [("Orders", "/a")]).status == 502)
        #expect(try broker.client.get("/pacts/provider/Orders/consumer/Web/latest").status == 404)
        _ = try broker.faults(#"{"close_mid_body": true, "method": "POST", "count": 1}"#)
        let error = #expect(throws: TestSupportError.self) { try broker.publish("1", [("Orders", "/a")]) }
        guard case .closedEarly(let received)? = error else { throw error ?? .badURL("no error") }
        #expect(String(decoding: received, as: UTF8.self).contains("notices"))
        #expect(try broker.client.get("/pacts/provider/Orders/consumer/Web/latest").status == 200)
    }

    @Test("what is stored is shown whatever the faults, the latest last")
    func stored() throws {
        let broker = try BrokerFixture()
        #expect(try broker.client.get("/_stored").text == "[]")
        _ = try broker.publish("1", [("Orders", "/a")])
        _ = try broker.publish("2", [("Orders", "/b")])
        _ = try broker.faults(#"{"status": 503}"#)
        let pairs = try JSONReader.parse(broker.client.get("/_stored").body).array ?? []
        #expect(pairs.map { $0["provider"]?.string } == ["Orders"])
        let publications = pairs.first?["publications"]?.array ?? []
        #expect(publications.map { $0["version"]?.string } == ["1", "2"])
        #expect(Set(publications.map { $0["sha"]?.string }).count == 2)
        _ = try broker.faults(#"{"wipe": true}"#)
        #expect(try broker.client.get("/_stored").text == "[]")
    }

    @Test("close ends the connection without a byte")
    func close() throws {
        let broker = try BrokerFixture()
        _ = try broker.faults(#"{"close": true, "count": 1}"#)
        #expect(throws: TestSupportError.closedEarly(received: [])) { try broker.client.get("/") }
    }

    @Test("hang answers never, or after its seconds; the control paths still answer")
    func hang() throws {
        let broker = try BrokerFixture()
        var impatient = broker.client
        impatient.timeout = .milliseconds(200)
        _ = try broker.faults(#"{"hang": true, "paths": "/pacts"}"#)
        #expect(throws: TestSupportError.timedOut(waitingFor: "bytes", received: 0)) {
            try impatient.get("/pacts/latest")
        }
        #expect(try impatient.get("/").status == 200)
        _ = try broker.faults(#"{"hang_mid_body": true, "paths": "/pacts"}"#)
        let error = #expect(throws: TestSupportError.self) { try impatient.get("/pacts/latest") }
        guard case .timedOut(_, let received)? = error else { throw error ?? .badURL("no error") }
        #expect(received > 100)
        _ = try broker.faults(#"{"hang": 0.3, "paths": "/pacts"}"#)
        let start = MonotonicTime.now()
        #expect(try broker.client.get("/pacts/latest").status == 200)
        #expect(MonotonicTime.now() - start >= .milliseconds(300))
    }

    @Test("a dripped answer is slow and complete")
    func drip() throws {
        let broker = try BrokerFixture()
        let whole = try broker.client.get("/diagnostic/status/heartbeat")
        _ = try broker.faults(#"{"drip": 10}"#)
        let start = MonotonicTime.now()
        #expect(try broker.client.get("/diagnostic/status/heartbeat").body == whole.body)
        #expect(MonotonicTime.now() - start >= .milliseconds(80))
    }

    @Test("without its database the broker answers as the real one did")
    func databaseDown() throws {
        let broker = try BrokerFixture()
        _ = try broker.publish("1", [("Orders", "/a")])
        _ = try broker.faults(#"{"database_down": true}"#)
        #expect(try broker.client.get("/diagnostic/status/heartbeat").status == 200)
        #expect(try broker.client.get("/").status == 200)
        let dependencies = try broker.client.get("/diagnostic/status/dependencies")
        #expect(dependencies.status == 500)
        #expect(dependencies.text.hasPrefix(#"{"database":{"ok":false}"#))
        let read = try broker.client.get("/pacts/provider/Orders/consumer/Web/latest")
        #expect(read.status == 500 && read.text.contains("reference"))
        let write = try broker.publish("2", [("Orders", "/b")])
        #expect(write.status == 500 && write.body.isEmpty)
        #expect(try broker.client.delete("/_faults").status == 200)
        #expect(try broker.client.get("/pacts/provider/Orders/consumer/Web/latest").status == 200)
    }

    @Test("a poisoned contract fails with a reference, the others do not")
    func poison() throws {
        let broker = try BrokerFixture()
        _ = try broker.faults(#"{"poison": "/bad"}"#)
        let poisoned = try broker.publish("1", [("Orders", "/good"), ("Billing", "/bad")])
        #expect(poisoned.status == 500 && poisoned.text.contains("reference"))
        #expect(try broker.publish("1", [("Orders", "/good")]).status == 200)
        #expect(try broker.client.get("/pacts/provider/Billing/consumer/Web/latest").status == 404)
    }

    @Test("wipe forgets everything, at once and only once")
    func wipe() throws {
        let broker = try BrokerFixture()
        _ = try broker.publish("1", [("Orders", "/a")])
        #expect(try broker.faults(#"{"wipe": true}"#) == 200)
        #expect(try broker.client.get("/pacticipants/Web").status == 404)
        #expect(try broker.json("/pacts/latest")["pacts"] == [])
        #expect(try broker.publish("1", [("Orders", "/b")]).status == 200)
    }

    @Test("a refusing broker closes its connections, then comes back on its port with all it knew")
    func refuse() throws {
        let broker = try BrokerFixture()
        _ = try broker.publish("1", [("Orders", "/a")])
        let deadline = MonotonicTime.now() + .seconds(10)
        let idle = try TestSocket(host: "127.0.0.1", port: UInt16(broker.server.port), deadline: deadline)
        #expect(try broker.faults(#"{"refuse_seconds": 0.4}"#) == 200)
        #expect(try idle.read(deadline: deadline).isEmpty)
        #expect(throws: TestSupportError.connectionRefused("127.0.0.1:\(broker.server.port)")) {
            try broker.client.get("/")
        }
        var status: Int?
        while status == nil, MonotonicTime.now() < deadline {
            status = try? broker.client.get("/pacts/provider/Orders/consumer/Web/latest").status
        }
        #expect(status == 200)
    }

    @Test("a body beyond 64 MiB is refused before it is sent")
    func largeBody() throws {
        let broker = try BrokerFixture()
        let head = "PUT /pacts/provider/A/consumer/B/version/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n"
        #expect(try broker.client.exchange(Array(head.utf8)).status == 413)
    }
}
