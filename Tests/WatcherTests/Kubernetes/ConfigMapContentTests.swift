import Shared
import Testing

@testable import Watcher

@Suite("The contents of ConfigMaps as one source")
struct ConfigMapContentTests {
    /// One that has answered with these values, or with nothing.
    private func watch(_ name: String, _ json: String?) -> ConfigMapWatch {
        var watch = open(name)
        _ = watch.deliver(json.map(ConfigMapObject.of))
        return watch
    }

    private func watch(_ json: String) -> ConfigMapWatch { watch("contracts", json) }

    private func open(_ name: String = "contracts") -> ConfigMapWatch {
        ConfigMapWatch(
            namespace: "pact",
            name: name,
            previous: nil,
            explanation: .sample(names: [name]),
            timing: WatchTiming(),
            now: at(0)
        )
    }

    /// The JSON of a ConfigMap with these texts and this binary data (Base64).
    private func json(
        _ name: String = "contracts",
        _ data: [String: String] = [:],
        binary: [String: String] = [:],
        metadata: String = ""
    ) -> String {
        func members(_ values: [String: String]) -> String {
            values.map { "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }.joined(separator: ",")
        }
        return #"{"kind":"ConfigMap","metadata":{"name":"\#(name)","uid":"u","resourceVersion":"1"\#(metadata)},"#
            + #""data":{\#(members(data))},"binaryData":{\#(members(binary))}}"#
    }

    private func keys(_ content: ConfigMapContent) -> [String] { content.content.entries.map(\.key) }

    @Test("Texts and binary data together, ordered by the bytes of their keys, byte for byte")
    func values() {
        let content = ConfigMapContent([
            watch(json("contracts", ["b.json": "\u{FEFF}é\n", "B.json": "x"], binary: ["a.json": "/wAA"]))
        ])
        #expect(keys(content) == ["B.json", "a.json", "b.json"])
        #expect(content.content.entries[1].content == .bytes([0xFF, 0, 0]))
        #expect(content.content.entries[2].content == .bytes([0xEF, 0xBB, 0xBF, 0xC3, 0xA9, 0x0A]), "the BOM stays")
        #expect(content.content.entries.allSatisfy { $0.group == nil })
        #expect(content.content.bytes == 3 + 6 + 1)
        #expect(content.warnings.isEmpty)
    }

    @Test("A contract with a BOM is one: the reader of contracts strips it")
    func byteOrderMark() {
        let content = ConfigMapContent([watch(json("contracts", ["a.json": "\u{FEFF}" + pact("c", "p")]))])
        let set = DesiredSetBuilder.build(content.content, previous: [])
        #expect(set.pairs.map(\.provider) == ["p"])
        #expect(set.invalid.isEmpty)
        #expect(set.pairs.first?.problem == nil)
    }

    @Test("What holds no contract by its name is ignored with the reason; what is no Base64 or no text is invalid")
    func ignoredAndUnusable() {
        let text = json(
            "contracts",
            ["README.md": "x", "a.json": pact("c", "p"), ".hidden.json": pact("c", "q")],
            binary: ["a.json.gz": "H4sIAA==", "b.json": "no Base64!"]
        )
        let content = ConfigMapContent([watch(text)])
        #expect(keys(content) == [".hidden.json", "a.json", "b.json"])
        #expect(content.content.ignored.map(\.key) == ["README.md", "a.json.gz"])
        #expect(content.content.ignored.last?.reason.contains("compressed") == true)
        #expect(content.content.ignoredCount == 2)
        let set = DesiredSetBuilder.build(content.content, previous: [])
        #expect(set.invalid == [SourceState.InvalidKey(key: "b.json", reason: "its binaryData is not Base64")])
        #expect(set.pairs.count == 2)
        let odd = ConfigMapContent([
            watch(#"{"metadata":{"name":"contracts","resourceVersion":"1"},"data":{"a.json":7},"binaryData":null}"#)
        ])
        #expect(odd.content.entries.first?.content == .unusable(reason: "the API gave a number, not a string"))
    }

    @Test("Ignored keys beyond 20 are only counted")
    func manyIgnored() {
        var data: [String: String] = [:]
        for number in 10..<60 { data["\(number).txt"] = "x" }
        let content = ConfigMapContent([watch(json("contracts", data))]).content
        #expect(content.ignored.map(\.key) == (10..<30).map { "\($0).txt" })
        #expect(content.ignoredCount == 50)
    }

    @Test("Several: each key under its ConfigMap's name, and the same key in two is two keys")
    func several() {
        let content = ConfigMapContent([
            watch("b", json("b", ["x.json": pact("c", "p"), "y.txt": ""])),
            watch("a", json("a", ["x.json": pact("c", "q")])),
        ])
        #expect(keys(content) == ["a/x.json", "b/x.json"])
        #expect(content.content.entries.map(\.group) == ["a", "b"])
        #expect(content.content.ignored.map(\.key) == ["b/y.txt"])
        #expect(DesiredSetBuilder.build(content.content, previous: []).pairs.count == 2)
    }

    @Test("A pair in two ConfigMaps is a conflict that names both and their keys; its last good content stays")
    func conflict() throws {
        let one = pact("c", "p", "one")
        let first = ConfigMapContent([watch("a", json("a", ["x.json": one])), watch("b", json("b", [:]))])
        let good = DesiredSetBuilder.build(first.content, previous: [])
        #expect(good.pairs.first?.problem == nil)
        // They could be merged, or are even the same: two owners all the same.
        for other in [pact("c", "p", "two"), one] {
            let both = ConfigMapContent([
                watch("a", json("a", ["x.json": one])), watch("b", json("b", ["z.json": other])),
            ])
            let problem = "the pair is in the ConfigMaps a and b (a/x.json, b/z.json); keep it in one of them"
            let fresh = try #require(DesiredSetBuilder.build(both.content, previous: []).pairs.first)
            #expect(fresh.sha256 == nil)
            #expect(fresh.problem == problem)
            let kept = DesiredSetBuilder.build(both.content, previous: good.pairs)
            #expect(kept.pairs.count == 1)
            #expect(kept.pairs.first?.sha256 == good.pairs.first?.sha256)
            #expect(kept.pairs.first?.problem == problem)
            #expect(kept.revision == good.revision)
        }
        let moved = ConfigMapContent([watch("a", json("a", [:])), watch("b", json("b", ["z.json": one]))])
        let solved = DesiredSetBuilder.build(moved.content, previous: good.pairs)
        #expect(solved.pairs.first?.problem == nil)
        #expect(solved.pairs.first?.files == ["b/z.json"])
    }

    @Test("Two files of a pair in one ConfigMap are merged, beside another ConfigMap too")
    func mergedInOne() {
        let files = ["x.json": pact("c", "p", "one"), "y.json": pact("c", "p", "two")]
        let content = ConfigMapContent([
            watch("a", json("a", files)), watch("b", json("b", ["z.json": pact("d", "p")])),
        ])
        let set = DesiredSetBuilder.build(content.content, previous: [])
        #expect(set.pairs.map(\.interactions) == [2, 1])
        #expect(set.pairs.allSatisfy { $0.problem == nil })
    }

    @Test("Near the limit of 1 MiB a warning is due, from 838,860 bytes of values")
    func size() {
        func warnings(_ bytes: Int) -> [String] {
            let half = String(repeating: "x", count: bytes / 2)
            let rest =
                String(repeating: "é", count: (bytes - bytes / 2) / 2) + (((bytes - bytes / 2) % 2 == 1) ? "x" : "")
            return ConfigMapContent([watch(json("contracts", ["a.json": half, "b": rest]))]).warnings
        }
        #expect(warnings(838_859).isEmpty)
        #expect(
            warnings(838_860) == [
                "ConfigMap pact/contracts holds 838860 of at most 1048576 bytes; divide its contracts among several "
                    + "(CONFIGMAP_NAME takes a list)"
            ]
        )
        #expect(warnings(1_048_576).count == 1)
    }

    @Test("The copy of kubectl apply: a warning from 209,712 of 262,144 bytes")
    func annotation() {
        func warnings(_ bytes: Int) -> [String] {
            let copy = String(repeating: "x", count: bytes)
            let text = #","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"\#(copy)"}"#
            return ConfigMapContent([watch(json("contracts", [:], metadata: text))]).warnings
        }
        #expect(warnings(209_711).isEmpty)
        #expect(warnings(209_712).count == 1)
        #expect(
            warnings(262_144).first?.contains("262144 of at most 262144 bytes; use kubectl apply --server-side") == true
        )
    }

    @Test("Being deleted, deleted, never there, not to be read: each is said, and the others count")
    func presence() {
        var deleted = watch("b", json("b", ["x.json": pact("c", "b")]))
        _ = deleted.deliver(nil)
        var forbidden = open("d")
        forbidden.state.problem = .init(code: "forbidden", detail: "the API forbids it")
        let content = ConfigMapContent([
            watch(
                "a",
                json("a", ["x.json": pact("c", "a")], metadata: #","deletionTimestamp":"2026-11-23T00:35:32Z""#)
            ), deleted, watch("c", nil), forbidden,
        ])
        #expect(keys(content) == ["a/x.json"])
        #expect(
            content.warnings == [
                "ConfigMap pact/a is being deleted and waits for its finalizers: until then it counts",
                "ConfigMap pact/b was deleted; what is in the broker stays there",
                "ConfigMap pact/c does not exist; create it or correct CONFIGMAP_NAME",
                "ConfigMap pact/d cannot be read: the API forbids it",
            ]
        )
    }

    @Test("A ConfigMap without data is empty, and that is no trouble")
    func empty() {
        let text = #"{"metadata":{"name":"contracts","resourceVersion":"1"}}"#
        let content = ConfigMapContent([watch(text)])
        #expect(content.content == SourceContent())
        #expect(content.warnings.isEmpty)
    }
}

/// JSON strings for fixtures.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
