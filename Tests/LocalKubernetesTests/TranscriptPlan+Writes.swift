import TestSupport

/// The recordings of what the write side refuses and stores.
extension TranscriptPlan {
    static let writes: [TranscriptPlan] = [
        TranscriptPlan(
            file: "13-binary-data",
            steps: [
                replay(
                    1,
                    prepare: {
                        try $0.create(
                            361,
                            "\"data\":{\"bom.json\":\"\u{FEFF}{\\\"bom\\\":1}\","
                                + #""text.json":"{\"a\":\"é\\u0001\"}"},"binaryData":{"bin.dat":"H4v//gBiaW5hcnk=","#
                                + #""pact.json.gz":"H4sIAAAAAAAAA6tWSq9SsjKsBQBWsIehCAAAAA=="}"#
                        )
                    }
                ),
                replay(2), replay(3),
            ],
            others: ["the rules for keys and the empty ConfigMap: in RecordedObjectTests"]
        ),
        TranscriptPlan(
            file: "14-immutable",
            steps: [replay(1, prepare: { try $0.advance(to: 364) }), replay(2), replay(3), replay(4)],
            others: ["delete and recreate: in RecordedObjectTests"]
        ),
        TranscriptPlan(
            file: "15-size-limits",
            steps: [
                replay(1, body: big(1, of: 1_048_576), .head, prepare: { try $0.advance(to: 368) }),
                replay(2, body: big(1, of: 1_048_577)),
                replay(3, body: big(4, of: 262_144), prepare: { try $0.server.delete(configMap: "big") }),
                replay(4, body: big(1, of: 2 << 20)),
                replay(5, body: big(1, of: 4 << 20)),
                replay(6, body: big(1, of: 1_048_576, unit: "\\u0001")),
                replay(
                    7,
                    body: big(1, of: 400_000, unit: "\\u0001"),
                    prepare: { try $0.server.delete(configMap: "big") }
                ),
                // Our gzip does not compress; its length is another.
                replay(8, path("/big"), token: administrator, headers: ["gzip"], .headButLength) { situation in
                    try situation.server.delete(configMap: "big")
                    try situation.server.put(configMap: "big", data: ["k": String(repeating: "x", count: 1_048_576)])
                },
                replay(
                    9,
                    path("?watch=1&fieldSelector=metadata.name%3Dbig&timeoutSeconds=1"),
                    token: administrator,
                    headers: ["gzip"],
                    .head
                ),
            ],
            others: ["the lengths of two watch lines, and annotations: in RecordedObjectTests"]
        ),
        TranscriptPlan(
            file: "16-delete-recreate-finalizer",
            steps: [],
            others: ["outlines of events: in RecordedObjectTests"]
        ),
    ]

    /// A ConfigMap `big` with so many values of so many bytes each.
    private static func big(_ count: Int, of bytes: Int, unit: String = "x") -> [UInt8] {
        let value = String(repeating: unit, count: bytes)
        let members = (0..<count).map { "\"k\($0)\":\"\(value)\"" }.joined(separator: ",")
        let text = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{\#(members)}}"#
        return Array(text.utf8)
    }
}
