import Shared
import TestSupport
import Testing

/// What the recordings of the real server tell of objects: rules, limits, the order of events.
@Suite("Objects of a real API server", .timeLimit(.minutes(2)))
struct RecordedObjectTests {
    private static let administrator = TranscriptPlan.administrator

    private static func lines(_ file: String) throws -> [String] {
        try RepositoryFile.text("Tests/Fixtures/kubernetes/\(file).txt").split(separator: "\n").map(String.init)
    }

    private static func post(_ json: JSONValue, _ situation: TranscriptSituation) throws -> TestHTTPResponse {
        try situation.server.administrator.send("POST", TranscriptPlan.path(""), body: JSONWriter.compact(json))
    }

    @Test("the names of keys (13)")
    func keys() throws {
        let situation = try TranscriptSituation([])
        var checked = 0
        for line in try Self.lines("13-binary-data") {
            guard let match = line.wholeMatch(of: /(\S+|a b) -> \[(422|null),(.*)/) else { continue }
            // The recorder shows only the beginning of the long one.
            let key = match.1.hasPrefix("xxx") ? String(repeating: "x", count: 254) : String(match.1)
            let answer = try Self.post(
                ["metadata": ["generateName": "key-"], "data": .object(JSONObject([.init(key: key, value: "v")]))],
                situation
            )
            checked += 1
            if match.2 == "null" {
                #expect(answer.status == 201)
                continue
            }
            #expect(answer.status == 422, "\(key)")
            let message = try #require(try JSONReader.parse(answer.body)["message"]?.string)
            let found = String(decoding: JSONWriter.compact(.string(message)), as: UTF8.self)
            let name = /\\"key-[a-z0-9]{5}\\"/
            let expected = match.3.replacing(name, with: "NAME")
            let shown = found.replacing(name, with: "NAME")
            #expect(expected.hasSuffix("]") ? "\(shown)]" == expected : shown.hasPrefix(expected), "\(shown)")
        }
        #expect(checked == 7)
    }

    @Test("an empty ConfigMap has no data (13)")
    func empty() throws {
        let situation = try TranscriptSituation([])
        try situation.advance(to: 362)
        let recorded = try #require(try Self.lines("13-binary-data").first { $0.contains("\"name\":\"empty\"") })
        let answer = try Self.post(["metadata": ["name": "empty"], "data": nil], situation)
        func outline(_ bytes: [UInt8]) throws -> JSONValue {
            var object = try #require(try JSONReader.parse(bytes).object)
            var metadata = try #require(object["metadata"]?.object)
            (metadata["uid"], metadata["creationTimestamp"]) = ("uid", "moment")
            object["metadata"] = .object(metadata)
            return .object(object)
        }
        #expect(try outline(answer.body) == outline(Array(recorded.utf8)))
    }

    @Test("the events while a client was away, of a replacement and of a finalizer, in order (16)")
    func events() throws {
        let situation = try TranscriptSituation([])
        try situation.create(383, #""data":{"k":"3"}"#)
        try situation.delete(384)
        try situation.create(385, #""data":{"k":"r1"}"#)
        try situation.delete(386)
        try situation.create(387, #""data":{"k":"r2"}"#)
        #expect(try situation.server.put(configMap: "pact-contracts", data: ["k": "p1"]) == "388")
        try situation.delete(389)
        try situation.create(390, #""data":{"k":"p2"}"#)
        try situation.patch(391, #"{"metadata":{"finalizers":["example.org/f"]}}"#)
        try situation.delete(392)
        // Deleted twice is deleted once.
        try situation.delete(393)
        try situation.patch(393, #"{"metadata":{"finalizers":null}}"#)
        try situation.create(394, #""data":{"k":"p3"}"#)
        let token = TranscriptSituation.managerToken
        let found = try situation.send("GET", TranscriptPlan.watch("&resourceVersion=383"), token: token)
        let recorded = try Self.lines("16-delete-recreate-finalizer").filter { $0.hasPrefix("[\"") }
        // The two last are another watch's.
        #expect(
            try Self.outline(found.body)
                == Self.renamed(recorded.dropLast(2).map { try JSONReader.parse(Array($0.utf8)) })
        )
        #expect(recorded.count == 13)
    }

    @Test("with a label selector an object that loses the label looks deleted (16)")
    func labelSelector() throws {
        let situation = try TranscriptSituation([])
        try situation.create(394, #""data":{"k":"p3"}"#)
        try situation.advance(to: 395)
        let target = TranscriptPlan.path("?watch=1&labelSelector=a%3Db&resourceVersion=395&timeoutSeconds=1")
        let found = try situation.send("GET", target, token: Self.administrator) { situation in
            try situation.label(396)
            try situation.patch(397, #"{"metadata":{"labels":{"a":null}}}"#)
        }
        let recorded = try Self.lines("16-delete-recreate-finalizer").filter { $0.hasPrefix("[\"") }.suffix(2)
        #expect(try Self.outline(found.body) == Self.renamed(recorded.map { try JSONReader.parse(Array($0.utf8)) }))
    }

    /// `[type, resourceVersion, uid, deletionTimestamp, data]` of each event, as the recorder wrote it.
    private static func outline(_ body: [UInt8]) throws -> [[JSONValue]] {
        let events = try body.split(separator: UInt8(ascii: "\n")).map { try JSONReader.parse(Array($0)) }
        return renamed(
            events.map { event in
                let object = event["object"]
                let metadata = object?["metadata"]
                return [
                    event["type"] ?? nil, metadata?["resourceVersion"] ?? nil, metadata?["uid"] ?? nil,
                    metadata?["deletionTimestamp"] ?? nil, object?["data"] ?? nil,
                ]
            }
        )
    }

    /// Identifiers as numbers in the order they come, moments as one word.
    private static func renamed(_ events: [JSONValue]) -> [[JSONValue]] {
        var known: [String] = []
        return events.map { event in
            var values = event.array ?? []
            let uid = values[2].string ?? ""
            if !known.contains(uid) { known.append(uid) }
            values[2] = .int(known.firstIndex(of: uid) ?? -1)
            if !values[3].isNull { values[3] = "moment" }
            return values
        }
    }

    @Test("one line of a watch can have 1,048,995 or 2,400,407 bytes (15)")
    func longLines() throws {
        let recorded = try RepositoryFile.text("Tests/Fixtures/kubernetes/15-size-limits.txt")
            .matches(of: /line 1 of (\d+) bytes/).compactMap { Int($0.1) }
        let texts = try [
            Self.longLine(key: "k0", String(repeating: "x", count: 1_048_576), manager: "kubectl-create"),
            Self.longLine(key: "k", String(repeating: "\u{1}", count: 400_000), manager: "curl"),
        ]
        #expect(texts.map { $0.filter { $0 == UInt8(ascii: "\n") }.count } == [1, 1])
        #expect(texts.map { $0.count - 1 } == recorded)
    }

    /// What a watch gets of a ConfigMap with one long value.
    private static func longLine(key: String, _ text: String, manager: String) throws -> [UInt8] {
        let situation = try TranscriptSituation([])
        try situation.advance(to: 369)
        let data = JSONObject([.init(key: key, value: .string(text))])
        let body = JSONWriter.compact(["metadata": ["name": "big"], "data": .object(data)])
        let target = TranscriptPlan.path("?fieldManager=\(manager)")
        #expect(try situation.server.administrator.send("POST", target, body: body).status == 201)
        let watch = TranscriptPlan.path("?watch=1&fieldSelector=metadata.name%3Dbig&timeoutSeconds=1")
        return try situation.send("GET", watch, token: administrator).body
    }

    @Test("annotations have a limit of their own (15)")
    func annotations() throws {
        let recorded = try #require(
            try Self.lines("15-size-limits").first { $0.contains("metadata.annotations: Too long") }
        )
        let situation = try TranscriptSituation([])
        let text = JSONValue.string(String(repeating: "x", count: 262_144))
        let answer = try Self.post(["metadata": ["name": "big", "annotations": ["a": text]]], situation)
        #expect(answer.status == 422)
        let message = try #require(try JSONReader.parse(answer.body)["message"]?.string)
        #expect(recorded == "The \(message)")
    }

    @Test("an immutable one can be deleted and made anew, with another uid (14)")
    func immutable() throws {
        let situation = try TranscriptSituation([])
        try situation.create(365, #""data":{"k":"1"},"immutable":true"#)
        let path = TranscriptPlan.path("/pact-contracts")
        func uid() throws -> String? {
            try JSONReader.parse(try situation.server.administrator.get(path).body)["metadata"]?["uid"]?.string
        }
        let first = try uid()
        try situation.delete(367)
        try situation.create(368, #""data":{"k":"3"}"#)
        #expect(try uid() != first)
    }
}
