import Shared
import TestSupport
import Testing

@testable import LocalBroker

/// The specification: what the real broker answered, replayed request by request against ours.
///
/// A series starts with empty brokers and keeps its order, because later answers depend on earlier requests.
@Suite("Transcripts of the real broker")
struct TranscriptTests {
    static let series: [TranscriptSeries] = [
        TranscriptSeries(name: "index and diagnostics", files: ["00", "01", "02", "03", "04", "05", "06"]),
        TranscriptSeries(
            name: "PUT of one pact",
            files: ["10", "11", "12", "13", "14", "15", "16", "17", "18"]
        ),
        TranscriptSeries(
            name: "PUT, names and transfer",
            files: ["20", "21", "22", "23", "24", "26", "27", "28"]
        ),
        TranscriptSeries(name: "PUT, names of participants", files: ["29", "30", "31", "32", "33"]),
        TranscriptSeries(
            name: "publish",
            files: [
                "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64", "65", "66",
                "67", "68", "69", "70", "71", "72",
            ]
        ),
        TranscriptSeries(
            name: "reading and old-style labels",
            files: ["80", "81", "82", "83", "84", "85", "86", "87", "88", "89", "90", "91", "92", "93", "94"]
        ),
    ]

    @Test("answers as recorded", arguments: series)
    func answersAsRecorded(_ series: TranscriptSeries) throws {
        var brokers: [String: BrokerServer] = [:]
        defer {
            for broker in brokers.values { try? broker.stop() }
        }
        var compared = 0
        for exchange in try series.exchanges() {
            let broker = try brokers[exchange.broker] ?? BrokerServer(Self.options(exchange.broker))
            brokers[exchange.broker] = broker
            guard let request = exchange.request else {
                print("not replayed: \(exchange.name): \(exchange.problem ?? "")")
                continue
            }
            let client = try TestHTTPClient("http://127.0.0.1:\(broker.port)", timeout: .seconds(20))
            let answer = try client.exchange(request, isHead: exchange.method == "HEAD")
            compared += 1
            if let difference = TranscriptComparison.difference(exchange, answer) {
                Issue.record("\(exchange.name): \(difference)")
            }
        }
        print("\(series.name): \(compared) compared")
    }

    /// The brokers of the recording.
    private static func options(_ name: String) -> BrokerOptions {
        var options = BrokerOptions()
        options.allowsContentChanges = name == "B"
        if name == "C" {
            options.credentials.writer = .init(name: "pact", password: "s3cret")
            options.credentials.reader = .init(name: "reader", password: "readonly")
        }
        return options
    }
}
