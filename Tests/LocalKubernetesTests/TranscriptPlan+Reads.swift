import TestSupport
import Testing

/// The recordings of GET, LIST and WATCH.
extension TranscriptPlan {
    static let administrator = "administrator-token"

    static let reads: [TranscriptPlan] = [
        TranscriptPlan(
            file: "01-get-configmap",
            steps: [replay(1, prepare: { try $0.create(252) })] + (2...6).map { replay($0) }
        ),
        TranscriptPlan(
            file: "02-list-fieldselector",
            steps: [
                replay(
                    1,
                    prepare: {
                        try $0.create(252)
                        try $0.advance(to: 256)
                    }
                )
            ] + (2...6).map { replay($0) },
            others: ["kubectl's message for an unknown field: in RecordedTableTests"]
        ),
        TranscriptPlan(
            file: "03-watch-added-modified-deleted",
            steps: [
                replay(
                    1,
                    prepare: {
                        try $0.create(252)
                        try $0.advance(to: 256)
                    },
                    during: { situation in
                        try situation.patch(257, #"{"data":{"k":"v1"}}"#)
                        // Changes nothing: no event, and the version stays.
                        let body = Array(#"{"data":{"k":"v1"}}"#.utf8)
                        let type = [(name: "Content-Type", value: "application/merge-patch+json")]
                        let path = TranscriptPlan.path("/pact-contracts")
                        _ = try situation.server.administrator.send("PATCH", path, headers: type, body: body)
                        try situation.label(258)
                        try situation.delete(260)
                        try situation.create(262, #""data":{"k":"v2"}"#)
                    }
                )
            ]
        ),
        withoutVersion,
        TranscriptPlan(
            file: "06-send-initial-events",
            steps: [
                replay(
                    1,
                    prepare: {
                        try $0.create(262, #""data":{"k":"v2"}"#)
                        try $0.advance(to: 265)
                    }
                ),
                replay(2), replay(3), replay(4),
                replay(5, prepare: { try $0.delete(268) }),
                replay(6, prepare: { try $0.advance(to: 269) }),
            ]
        ),
        history,
        restarted,
        TranscriptPlan(
            file: "10-future-resource-version",
            steps: [
                replay(
                    1,
                    prepare: {
                        try $0.create(337)
                        try $0.advance(to: 339)
                    }
                ),
                replay(2), replay(3), replay(4),
            ]
        ),
    ]

    private static let withoutVersion = TranscriptPlan(
        file: "04-watch-without-rv",
        steps: [
            replay(1, watch(), prepare: { try $0.create(262, #""data":{"k":"v2"}"#) }),
            replay(2, watch("&resourceVersion=0")),
            replay(3, watch()),
            replay(4, path("?watch=1&fieldSelector=metadata.name%3Dabsent&timeoutSeconds=1"), token: administrator),
            replay(5, watch(), headers: ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"]),
            replay(6, "/api/v1/watch/namespaces/pact/configmaps/pact-contracts?timeoutSeconds=1"),
        ]
    )

    private static let history = TranscriptPlan(
        file: "07-410-expired-resource-version",
        steps: [
            replay(
                1,
                prepare: { situation in
                    let pact = #"{\"consumer\":{\"name\":\"c\"},\"provider\":{\"name\":\"p\"},\"interactions\":[]}"#
                    try situation.create(212, #""data":{"consumer-provider.json":"\#(pact)"}"#)
                    try situation.patch(238, #"{"data":{"k":"v1"}}"#)
                    try situation.label(239)
                    try situation.delete(240)
                    try situation.create(242, #""data":{"k":"v2"}"#)
                    try situation.delete(249)
                    try situation.create(252)
                    try situation.patch(257, #"{"data":{"k":"v1"}}"#)
                    try situation.label(258)
                    try situation.delete(260)
                    try situation.create(262, #""data":{"k":"v2"}"#)
                    try situation.delete(268)
                    try situation.create(270)
                    try situation.advance(to: 333)
                }
            ),
            replay(2),
            replay(
                3,
                prepare: {
                    try $0.advance(to: 335)
                    #expect(try $0.server.administrator.put("/_admin/compact", "{}").status == 200)
                }
            ),
            replay(4), replay(5),
        ]
    )

    private static let restarted = TranscriptPlan(
        file: "07b-410-after-restart",
        arguments: ["--resource-version", "240"],
        steps: [
            replay(1), replay(2),
            // The server of the recording had no watch cache; ours says that of a version compacted while watched.
            replay(3, watch(), during: { try $0.server.fault(#"{"expired": true, "open": true}"#) }),
        ],
        others: ["the relist after it: only its outline was recorded"]
    )
}
