import TestSupport

/// The recordings of refusals and of what breaks.
extension TranscriptPlan {
    static let failures: [TranscriptPlan] = [
        TranscriptPlan(
            file: "05-rbac-matrix",
            steps: [replay(1, watch(), token: TranscriptSituation.nobodyToken)],
            others: [
                "the matrix of 81 answers: in RecordedTableTests",
                "two SelfSubjectAccessReviews: no such resource here",
            ]
        ),
        refusals,
        TranscriptPlan(
            file: "09-429-503-504",
            steps: [
                replay(1, path("/pact-contracts"), prepare: { try $0.server.fault(#"{"status": 429}"#) }),
                replay(2, watch(), .head),
                skip(3, "the filter of another server option; differs in two headers that no client reads"),
            ],
            others: [
                "etcd dead, watch without a version: the ERROR event 500 is in RecordedTableTests",
                "etcd dead, reads: cut by the recorder; the hang that ends in a reset of the HTTP/2 stream: none here",
                "/readyz and /livez: no such paths here",
            ]
        ),
        TranscriptPlan(
            file: "11-connection-drop-and-restart",
            arguments: ["--resource-version", "220"],
            steps: [
                replay(1, watch("&resourceVersion=213")), replay(2, watch("&resourceVersion=212")),
                replay(3, watch("&resourceVersion=5")),
            ],
            others: [
                "A, C, D: SIGTERM, SIGKILL and SIGSTOP of the real process; ours in ProcessTests and WatchFaultTests"
            ]
        ),
        TranscriptPlan(
            file: "11b-sigterm-natural",
            steps: [skip(1, "/readyz of a server that stops: no such path here")],
            others: ["the 503 of a server that stops: in RecordedTableTests; the ends of the real process: none here"]
        ),
        TranscriptPlan(
            file: "11c-startup-answers",
            steps: [],
            others: ["the 403 of the first moments: in RecordedTableTests; when it comes depends on the real process"]
        ),
        TranscriptPlan(
            file: "12-watchlist-off-and-goaway",
            arguments: ["--without", "watch-list"],
            steps: [
                replay(1, watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"))
            ],
            others: [
                "a server that does not know the parameter: in RecordedTableTests",
                "GOAWAY: HTTP/2, which the proxy in front speaks",
            ]
        ),
        TranscriptPlan(
            file: "20-token-rotation",
            steps: [],
            others: [
                "two valid tokens: in RecordedTableTests", "the volume with the token: a kubelet's",
                "the claims and the shortest token: no TokenRequest here", "a token with a line feed: HTTP/2's error",
            ]
        ),
        TranscriptPlan(
            file: "20b-token-expiry-during-watch",
            steps: [replay(1, prepare: { try $0.server.rotate("pact/pact-mocks-manager", to: "another") })],
            others: ["the watch that outlives its token: in RecordedTableTests"]
        ),
    ]

    private static let refusals = TranscriptPlan(
        file: "08-401-403",
        steps: [
            replay(1, token: "garbage", prepare: { try $0.create(337) }),
            replay(2, token: "eyJhbGciOiJSUzI1NiJ9.e30.broken"),
            // A header with a space and no token behind it.
            replay(3, token: " "),
            replay(4, path("/pact-contracts"), token: ""),
            replay(5, token: "garbage"),
            replay(6, token: "wrong-audience"),
            replay(7, token: TranscriptSituation.nobodyToken),
            replay(8),
            skip(9, "HTTP to a TLS port: there is no TLS here"),
            replay(
                10,
                prepare: { try $0.server.access("pact/pact-mocks-manager", tokens: [], rules: []) }
            ),
        ],
        others: ["two TLS failures: there is no TLS here"]
    )
}
