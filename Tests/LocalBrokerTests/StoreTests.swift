import Glibc
import Shared
import Synchronization
import TestSupport
import Testing

@testable import LocalBroker

/// A clock that stands still until it is told to go on.
private final class SteppedClock: Sendable {
    private let seconds = Mutex<Int64>(1_795_395_455)

    func advance() { seconds.withLock { $0 += 60 } }
    var now: @Sendable () -> WallClock { { [self] in WallClock(milliseconds: seconds.withLock { $0 } * 1000) } }
}

@Suite("What is stored")
struct StoreTests {
    private func latest(_ broker: BrokerFixture) throws -> TestHTTPResponse {
        try broker.client.get("/pacts/provider/Orders/consumer/Web/latest")
    }

    @Test("a version published again does not become the latest, and keeps its creation time")
    func versionOrder() throws {
        let clock = SteppedClock()
        let broker = try BrokerFixture(now: clock.now)
        _ = try broker.publish("1", [("Orders", "/a")])
        let first = try broker.json("/pacts/provider/Orders/consumer/Web/version/1")["createdAt"]
        #expect(first == "2026-11-23T00:57:35+00:00")
        clock.advance()
        _ = try broker.publish("2", [("Orders", "/b")])
        #expect(try latest(broker).header("x-pact-consumer-version") == "2")
        clock.advance()
        #expect(try broker.publish("1", [("Orders", "/a")]).status == 200)
        #expect(try latest(broker).header("x-pact-consumer-version") == "2")
        #expect(try broker.json("/pacts/provider/Orders/consumer/Web/version/1")["createdAt"] == first)
        // The order is that of the versions, not of their publications.
        #expect(try broker.publish("2", [("Billing", "/c")]).status == 200)
        #expect(try broker.publish("1", [("Billing", "/d")]).status == 200)
        let bulk = try broker.json("/pacts/latest")["pacts"]
        let versions = (bulk?.array ?? []).map { $0["_embedded"]?["consumer"]?["_embedded"]?["version"]?["number"] }
        #expect(versions == ["2", "2"])
    }

    @Test("the list of latest pacts is never older than the last publication")
    func bulkIsFresh() throws {
        let broker = try BrokerFixture()
        for version in ["1", "2", "3"] {
            _ = try broker.publish(version, [("Orders", "/\(version)")])
            #expect(try broker.client.get("/pacts/latest").text.contains("/version/\(version)\""))
        }
        _ = try broker.client.delete("/pacticipants/Web/versions/3")
        #expect(try broker.client.get("/pacts/latest").text.contains("/version/2\""))
    }

    @Test(
        "names are similar as the real broker takes them",
        arguments: [
            ("Payment Gateway", "payment-gateway", true), ("Payment Gateway", "PaymentGatewayService", true),
            ("Payment Gateway", "payment_gateways", true), ("CaseName", "casename", false),
            ("casename", "CASENAME", true), ("order-service", "orders", true), ("payments", "payments-api", true),
            ("Foo", "Foo", false), ("API", "Service", true), ("XMLParser", "xml-parser", true), ("Bar", "Baz", false),
        ]
    )
    func similarNames(_ existing: String, _ new: String, _ isSimilar: Bool) {
        var store = BrokerStore()
        store.addPacticipant(existing, at: BrokerTime(WallClock(milliseconds: 0)))
        #expect(store.names(similarTo: new) == (isSimilar ? [existing] : []))
    }

    @Test("a directory brings everything back: contents, order, labels and times")
    func directory() throws {
        try withTemporaryDirectory { directory in
            let clock = SteppedClock()
            var before = ""
            do {
                let broker = try BrokerFixture(directory: directory, now: clock.now)
                _ = try broker.publish("1", [("Orders", "/a"), ("Billing", "/b")])
                _ = try broker.publish("2", [("Orders", "/c")])
                _ = try broker.client.put("/pacticipants/Web/versions/1/tags/prod", "")
                before = try self.all(broker)
                #expect(throws: StoreDirectory.Failure.self) { try BrokerFixture(directory: directory) }
            }
            clock.advance()
            let broker = try BrokerFixture(directory: directory, now: clock.now)
            #expect(try all(broker) == before)
            #expect(try broker.publish("1", [("Orders", "/changed")]).status == 409)
            _ = try broker.publish("3", [("Orders", "/a")])
            #expect(try latest(broker).header("x-pact-consumer-version") == "3")
        }
    }

    @Test("a directory with a broken index is refused and left alone")
    func brokenDirectory() throws {
        try withTemporaryDirectory { directory in
            let file = "\(directory)/broker.json"
            let descriptor = try FileDescriptor(opening: file, flags: O_WRONLY | O_CREAT)
            try writeAll(descriptor.number, "{\"format\":1,", subject: file)
            let error = #expect(throws: StoreDirectory.Failure.self) { try BrokerFixture(directory: directory) }
            #expect(error?.description.contains(file) ?? false)
            #expect(access(file, F_OK) == 0)
        }
    }

    /// Every answer that could tell a difference, without the port.
    private func all(_ broker: BrokerFixture) throws -> String {
        let paths = [
            "/pacts/latest", "/pacticipants", "/pacticipants/Web/versions/1", "/pacticipants/Web/versions/2",
            "/pacts/provider/Orders/consumer/Web/versions", "/pacts/provider/Orders/consumer/Web/version/1",
            "/pacts/provider/Billing/consumer/Web/latest/prod",
        ]
        let answers = try paths.map { path in
            let answer = try broker.client.get(path, headers: [("Host", "broker")])
            #expect(answer.status == 200, "\(path)")
            return answer.text
        }
        return answers.joined(separator: "\n")
    }
}

private func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    try withExtendedLifetime(directory) { try body(directory.path) }
}
