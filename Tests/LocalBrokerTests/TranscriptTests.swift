import Shared
import TestSupport
import Testing

@testable import LocalBroker

/// The specification: what the real broker answered, replayed request by request against ours.
///
/// A series starts with empty brokers and keeps its order, because later answers depend on earlier requests.
@Suite("Transcripts of the real broker")
struct TranscriptTests {
    private static let metadata = "the address for verification results carries no metadata here"

    static let series: [TranscriptSeries] = [
        TranscriptSeries(
            name: "index and diagnostics",
            files: ["00", "01", "02", "03", "04", "05", "06"],
            looser: ["03-index-accepts #2": (.statusOnly, "the HTML page is ours")],
            compared: 24
        ),
        TranscriptSeries(
            name: "PUT of one pact",
            files: ["10", "11", "12", "13", "14", "15", "16", "17", "18"],
            compared: 37
        ),
        TranscriptSeries(
            name: "PUT, names and transfer",
            files: ["20", "21", "22", "23", "24", "26", "27", "28"],
            compared: 61
        ),
        TranscriptSeries(
            name: "PUT, names of participants",
            files: ["29", "30", "31", "32", "33"],
            compared: 21
        ),
        TranscriptSeries(
            name: "publish",
            files: [
                "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64", "65", "66",
                "67", "68", "69", "70", "71", "72",
            ],
            skipped: [
                "71-publish-verification-webhook-notices #1": "no webhooks here"
            ],
            looser: [
                "68-publish-names #3": (.allButLength, metadata), "68-publish-names #6": (.allButLength, metadata),
                "68-publish-names #9": (.allButLength, metadata),
                "69-publish-same-provider-twice #7": (
                    .allButLength, "the differences of several members are laid out in our way"
                ),
                "71-publish-verification-webhook-notices #2": (.statusOnly, "the notices tell of a webhook"),
                "71-publish-verification-webhook-notices #3": (.statusOnly, "the notices tell of a webhook"),
                "72-publish-extra-members #1": (.allButLength, "the notices tell of a webhook"),
            ],
            compared: 103
        ),
        TranscriptSeries(
            name: "reading and old-style labels",
            files: ["80", "81", "82", "83", "84", "85", "86", "87", "88", "89", "90", "91", "92", "93", "94"],
            skipped: [
                "80-get-pact-version #3": "no HTML page of a pact here",
                "86-get-branch #2": "no list of branches here",
                "86-get-branch #3": "no list of a branch's versions here",
                "86-get-branch #5": "no latest version of a branch here",
                "87-get-latest-version #6": "no list of versions here",
                "89-get-provider-pacts #3": "no verification here",
                "89-get-provider-pacts #5": "no page of differences here",
            ],
            looser: [
                "83-get-latest #1": (.allButLength, metadata), "83-get-latest #2": (.allButLength, metadata),
                "83-get-latest #3": (.allButLength, metadata), "83-get-latest #4": (.allButLength, metadata),
                "93-old-style-order #3": (.allButLength, metadata),
            ],
            seeds: [
                seed(
                    "1.0.0",
                    branch: "main",
                    path: "/thing",
                    more: #","tags":["dev"],"buildUrl":"https://ci.example.org/1""#
                ),
                seed("1.1.0", branch: "feat/x", path: "/other"),
            ],
            compared: 62
        ),
    ]

    /// What the recorder published before the first file of the last series, as the answers there tell.
    private static func seed(_ version: String, branch: String, path: String, more: String = "") -> [UInt8] {
        let content = """
            {"consumer":{"name":"Till"},"provider":{"name":"Ledger"},"interactions":[{"description":"a request for a \
            thing","providerState":"thing exists","request":{"method":"GET","path":"\(path)"},"response":{"status":200,\
            "headers":{"Content-Type":"application/json"},"body":{"id":1}}}],"metadata":{"pactSpecification":\
            {"version":"2.0.0"}}}
            """
        let body = """
            {"pacticipantName":"Till","pacticipantVersionNumber":"\(version)","branch":"\(branch)"\(more),\
            "contracts":[{"consumerName":"Till","providerName":"Ledger","specification":"pact",\
            "contentType":"application/json","content":"\(Base64.encodeToString(Array(content.utf8)))"}]}
            """
        return Array(body.utf8)
    }

    @Test("answers as recorded", arguments: series)
    func answersAsRecorded(_ series: TranscriptSeries) throws {
        var brokers: [String: BrokerServer] = [:]
        defer {
            for broker in brokers.values { try? broker.stop() }
        }
        func client(_ name: String) throws -> TestHTTPClient {
            let broker = try brokers[name] ?? BrokerServer(Self.options(name))
            brokers[name] = broker
            return try TestHTTPClient("http://127.0.0.1:\(broker.port)", timeout: .seconds(20))
        }
        for seed in series.seeds {
            #expect(try client("A").send("POST", "/contracts/publish", body: seed).status == 200)
        }
        var compared = 0
        for exchange in try series.exchanges() {
            if let reason = exchange.problem ?? series.skipped["\(exchange.file) #\(exchange.number)"] {
                print("not replayed: \(exchange.name): \(reason)")
                continue
            }
            let request = try #require(exchange.request)
            let answer = try client(exchange.broker).exchange(request, isHead: exchange.method == "HEAD")
            compared += 1
            let looser = series.looser["\(exchange.file) #\(exchange.number)"]
            if let looser { print("compared less: \(exchange.name): \(looser.reason)") }
            if let difference = TranscriptComparison.difference(exchange, answer, looser?.strictness ?? .all) {
                Issue.record("\(exchange.name): \(difference)")
            }
        }
        #expect(compared == series.compared)
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
