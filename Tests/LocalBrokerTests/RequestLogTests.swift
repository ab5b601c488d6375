import Shared
import TestSupport
import Testing

@testable import LocalBroker

@Suite("Request log")
struct RequestLogTests {
    @Test("a publication is logged with the very bytes of its contracts, a fault with its name")
    func contents() throws {
        let broker = try BrokerFixture()
        _ = try broker.publish("1", [("Orders", "/a"), ("Billing", "/b")])
        _ = try broker.faults(#"{"close": true, "count": 1}"#)
        #expect(throws: TestSupportError.self) { try broker.client.get("/pacts/latest") }
        let log = try broker.json("/_requests").array ?? []
        #expect(log.count == 2)
        let publication = log[0]
        #expect(publication["method"] == "POST" && publication["status"] == 200)
        let contents = (publication["contracts"]?.array ?? [])
            .map { contract in
                Base64.decode((contract["content_base64"]?.string ?? "").utf8)
            }
        #expect(contents == [BrokerFixture.contract("Orders", "/a"), BrokerFixture.contract("Billing", "/b")])
        #expect(log[1]["fault"] == "close" && log[1]["status"] == 0)
    }

    @Test("since gives only later requests, deleting keeps the numbers going on")
    func since() throws {
        let broker = try BrokerFixture()
        for _ in 0..<3 { _ = try broker.client.get("/diagnostic/status/heartbeat") }
        #expect(try broker.json("/_requests?since=2").array?.count == 1)
        #expect(try broker.client.delete("/_requests").status == 200)
        #expect(try broker.json("/_requests") == [])
        _ = try broker.client.get("/")
        #expect(try broker.json("/_requests")[0]?["id"] == 4)
    }

    @Test("the log keeps the last 10,000 requests and forgets the oldest contents first")
    func bounds() {
        var log = RequestLog()
        let content = [UInt8](repeating: 32, count: RequestLog.maximumContentBytes / 2 - 1000)
        for number in 0..<25_000 {
            var entry = RequestLog.Entry(
                method: "GET",
                path: "/",
                status: 200,
                bytes: 0,
                at: WallClock(milliseconds: 0),
                bodySHA256: ""
            )
            if number >= 24_996 {
                let pair = PairKey(consumer: "C", provider: "P")
                entry.contracts = [RequestLog.Contract(pair: pair, version: "1", content: content)]
            }
            log.append(entry)
        }
        #expect(log.entries.count < RequestLog.maximumEntries * 2)
        let kept = log.entries.suffix(4).map { $0.contracts.first?.content != nil }
        #expect(kept == [false, false, true, true])
        #expect(log.json(since: 0).array?.count == RequestLog.maximumEntries)
        #expect(log.json(since: 0)[0]?["id"] == 15_001)
    }
}
