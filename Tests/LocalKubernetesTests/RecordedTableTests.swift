import Shared
import TestSupport
import Testing

/// What the recordings of the real server show as tables, outlines and single lines.
@Suite("Tables of a real API server", .timeLimit(.minutes(2)))
struct RecordedTableTests {
    private static let administrator = TranscriptPlan.administrator

    private static func lines(_ file: String) throws -> [String] {
        try RepositoryFile.text("Tests/Fixtures/kubernetes/\(file).txt").split(separator: "\n").map(String.init)
    }

    /// The rules of the matrix's rows.
    private static let roles: [String: [LocalKubernetesProcess.Rule]] = [
        "(no role)": [],
        "get, resourceNames": [.init(["get"], names: ["pact-contracts"])],
        "watch, resourceNames": [.init(["watch"], names: ["pact-contracts"])],
        "list, resourceNames": [.init(["list"], names: ["pact-contracts"])],
        "get+watch, resourceNames  (enough for GET + watch)": [.init(["get", "watch"], names: ["pact-contracts"])],
        "get+list+watch, resourceNames": [.init(["get", "list", "watch"], names: ["pact-contracts"])],
        "get+list+watch, resourceNames of two": [.init(["get", "list", "watch"], names: ["pact-contracts", "other"])],
        "get+list+watch without resourceNames": [.init(["get", "list", "watch"])],
        "get resourceNames; list+watch unnamed": [
            .init(["get"], names: ["pact-contracts"]), .init(["list", "watch"]),
        ],
    ]

    /// The requests of the matrix's columns.
    private static func requests(version: Int) -> [String] {
        let path = TranscriptPlan.path("")
        let initial = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        return [
            "\(path)/pact-contracts", path, "\(path)?fieldSelector=metadata.name%3Dpact-contracts",
            "\(path)?watch=1&timeoutSeconds=1", TranscriptPlan.watch(),
            TranscriptPlan.watch("&resourceVersion=\(version)"), TranscriptPlan.watch(initial),
            "/api/v1/watch/namespaces/pact/configmaps/pact-contracts?timeoutSeconds=1",
            "\(path)?watch=1&fieldSelector=metadata.name%3Dother&timeoutSeconds=1",
        ]
    }

    @Test("who may do what: 9 roles, 9 requests (05)")
    func matrix() throws {
        let situation = try TranscriptSituation([])
        try situation.create(300)
        let requests = Self.requests(version: 300)
        var cells = 0
        for line in try Self.lines("05-rbac-matrix") {
            guard let bar = line.firstRange(of: " | "), line.hasSuffix("0") || line.hasSuffix("3") else { continue }
            let title = line[..<bar.lowerBound].trimmed
            guard let rules = Self.roles[title] else { continue }
            try situation.server.access("pact/nobody", tokens: [TranscriptSituation.nobodyToken], rules: rules)
            let expected = line[bar.upperBound...].split(separator: "|").compactMap { Int($0.trimmed) }
            let found = try requests.map { try Self.status($0, situation) }
            #expect(found == expected, "\(title)")
            cells += expected.count
        }
        #expect(cells == 81)
    }

    /// The head is enough: the watches would take a second each.
    private static func status(_ target: String, _ situation: TranscriptSituation) throws -> Int {
        let deadline = MonotonicTime.now() + .seconds(10)
        let socket = try TestSocket(host: "127.0.0.1", port: situation.server.port, deadline: deadline)
        let token = TranscriptSituation.nobodyToken
        let head = "GET \(target) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
        try socket.write(Array(head.utf8), deadline: deadline)
        let answer = String(decoding: try socket.read(deadline: deadline), as: UTF8.self)
        return try #require(Int(answer.dropFirst("HTTP/1.1 ".count).prefix(3)))
    }

    @Test("an unknown field of a selector (02)")
    func unknownField() throws {
        let line = try #require(try Self.lines("02-list-fieldselector").first { $0.hasPrefix("Error from server") })
        let target = TranscriptPlan.path("?fieldSelector=data.x%3D1")
        let answer = try TranscriptSituation([]).send("GET", target, token: Self.administrator)
        let status = try JSONReader.parse(answer.body)
        #expect(answer.status == 400)
        #expect(line == "Error from server (\(status["reason"]?.string ?? "")): \(status["message"]?.string ?? "")")
    }

    @Test("the events of errors as recorded: etcd dead (09)")
    func deadStorage() throws {
        let text = try RepositoryFile.text("Tests/Fixtures/kubernetes/09-429-503-504.txt")
        let event = try #require(text.firstMatch(of: /\{"type":"ERROR".*?"code":500\}\}/)).output
        let situation = try TranscriptSituation([])
        try situation.server.fault(#"{"error_event": 500}"#)
        let token = TranscriptSituation.managerToken
        #expect(try situation.send("GET", TranscriptPlan.watch(), token: token).text == "\(event)\n")
    }

    @Test("a server that stops: 503 (11b), one that starts: 403 (11c)")
    func stopAndStart() throws {
        let situation = try TranscriptSituation([])
        try situation.create(2)
        let target = TranscriptPlan.path("/pact-contracts")
        let token = TranscriptSituation.managerToken
        try situation.server.fault(#"[{"status": 503, "count": 1}, {"status": 403, "count": 1}]"#)
        let stopping = try situation.send("GET", target, token: token)
        let json = try JSONReader.parse(stopping.body)
        let line = "\(json["reason"]?.string ?? ""): \(json["message"]?.string ?? "")|\(stopping.status)|"
        let retry = "|retry-after: \(stopping.header("Retry-After") ?? "")|"
        #expect(try Self.lines("11b-sigterm-natural").contains { $0.contains(line) && $0.contains(retry) })
        let starting = try situation.send("GET", target, token: token)
        #expect(starting.status == 403)
        let message = try #require(starting.text.firstMatch(of: /configmaps \\"pact-contracts\\" is.*\\"pact\\""/))
        #expect(try Self.lines("11c-startup-answers").contains { $0.contains(message.output) })
        #expect(try situation.send("GET", target, token: token).status == 200)
    }

    @Test("a server that does not know sendInitialEvents (12)")
    func oldServer() throws {
        let situation = try TranscriptSituation(["--without", "watch-list-ignored"])
        try situation.create(300)
        let initial = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        let token = TranscriptSituation.managerToken
        let text = try situation.send("GET", TranscriptPlan.watch(initial), token: token).text
        let file = try Self.lines("12-watchlist-off-and-goaway")
        let recorded = try #require(file.first { $0.hasPrefix("{\"type\":\"ADDED\"") })
        #expect(text.hasPrefix(recorded))
        #expect(text.split(separator: "\n").count == 1 && !text.contains("BOOKMARK"))
    }

    @Test("two tokens are valid (20); a watch outlives its token (20b)")
    func tokens() throws {
        let situation = try TranscriptSituation([])
        try situation.create(300)
        let rule = LocalKubernetesProcess.Rule(["get", "watch"], names: ["pact-contracts"])
        try situation.server.access("pact/pact-mocks-manager", tokens: ["old", "new"], rules: [rule])
        let target = TranscriptPlan.path("/pact-contracts")
        for token in ["old", "new"] { #expect(try situation.send("GET", target, token: token).status == 200) }
        let watch = try situation.send("GET", TranscriptPlan.watch("&resourceVersion=300"), token: "old") { situation in
            try situation.server.rotate("pact/pact-mocks-manager", to: "newer")
            #expect(try situation.send("GET", target, token: "old").status == 401)
            #expect(try situation.send("GET", target, token: "newer").status == 200)
            try situation.patch(301, #"{"data":{"k":"after"}}"#)
        }
        #expect(watch.text.contains(#""data":{"k":"after"}"#))
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
