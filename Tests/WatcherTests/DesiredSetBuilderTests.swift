import Shared
import Testing

@testable import Watcher

@Suite("The desired set follows from the source and from what was desired before")
struct DesiredSetBuilderTests {
    private func build(_ files: [String: String], after previous: DesiredSet = DesiredSet()) -> DesiredSet {
        DesiredSetBuilder.build(.of(files), previous: previous.pairs)
    }

    private func names(_ set: DesiredSet) -> [String] { set.pairs.map { "\($0.consumer)-\($0.provider)" } }

    @Test("Pairs are ordered by consumer, then provider, by bytes, and each has its bytes")
    func order() {
        let set = build([
            "1.json": pact("b", "a"), "2.json": pact("a", "Z"), "3.json": pact("a", "a"), "4.json": pact("é", "x"),
        ])
        #expect(names(set) == ["a-Z", "a-a", "b-a", "é-x"])
        #expect(set.pairs.allSatisfy { set.contents[$0.sha256 ?? ""].map { ContentHash.sha256Hex($0) } == $0.sha256 })
        #expect(set.keys == 4)
        #expect(set.bytes == set.pairs.reduce(0) { $0 + $1.bytes })
    }

    @Test("A key that turns invalid keeps its pair at the last good content, with the reason")
    func keepsLastGood() {
        let first = build(["a.json": pact("c", "p"), "b.json": pact("c", "q")])
        let second = build(["a.json": broken, "b.json": pact("c", "q")], after: first)
        #expect(second.pairs[0].sha256 == first.pairs[0].sha256)
        #expect(second.pairs[0].problem?.hasPrefix("a.json: not JSON") == true)
        #expect(second.pairs[1].problem == nil)
        #expect(second.invalid.map(\.key) == ["a.json"])
        #expect(second.revision == first.revision)
        #expect(second.contents[first.pairs[0].sha256 ?? ""] == nil, "the last good bytes are stored already")
        let third = build(["a.json": broken + " ", "b.json": pact("c", "q")], after: second)
        #expect(third.pairs[0].sha256 == first.pairs[0].sha256, "it stays through further bad edits")
        let repaired = build(["a.json": pact("c", "p", "new"), "b.json": pact("c", "q")], after: third)
        #expect(repaired.pairs[0].problem == nil)
        #expect(repaired.pairs[0].sha256 != first.pairs[0].sha256)
    }

    @Test("A pair of several files stays whole when one of them turns invalid, until that one is gone")
    func mergedPair() {
        let first = build(["a.json": pact("c", "p", "one"), "b.json": pact("c", "p", "two")])
        #expect(first.pairs[0].files == ["a.json", "b.json"])
        #expect(first.pairs[0].interactions == 2)
        let second = build(["a.json": pact("c", "p", "changed"), "b.json": broken], after: first)
        #expect(second.pairs[0].sha256 == first.pairs[0].sha256)
        #expect(second.pairs[0].problem?.hasPrefix("b.json: ") == true)
        let third = build(["a.json": pact("c", "p", "changed")], after: second)
        #expect(third.pairs[0].problem == nil)
        #expect(third.pairs[0].files == ["a.json"])
        #expect(third.pairs[0].sha256 != first.pairs[0].sha256)
    }

    @Test("A conflict keeps the last good content if there is one, and lists the pair without content if not")
    func conflict() {
        let both = ["a.json": pact("c", "p"), "b.json": pact("c", "p", status: 500)]
        let fresh = build(both)
        #expect(fresh.pairs.count == 1)
        #expect(fresh.pairs[0].sha256 == nil)
        #expect(fresh.pairs[0].problem?.contains("a.json") == true)
        #expect(fresh.pairs[0].problem?.contains("b.json") == true)
        #expect(fresh.invalid.isEmpty)
        let good = build(["a.json": pact("c", "p")])
        let kept = build(both, after: good)
        #expect(kept.pairs[0].sha256 == good.pairs[0].sha256)
        #expect(kept.pairs[0].files == ["a.json"])
        #expect(kept.pairs[0].problem == fresh.pairs[0].problem)
        let solved = build(["b.json": pact("c", "p", status: 500)], after: kept)
        #expect(solved.pairs[0].problem == nil)
        #expect(solved.pairs[0].files == ["b.json"])
    }

    @Test("A key that was never valid is only invalid; a pair whose files are gone is dropped")
    func neverValidAndGone() {
        let first = build(["a.json": broken, "b.json": pact("c", "p")])
        #expect(names(first) == ["c-p"])
        let second = build(["a.json": broken], after: first)
        #expect(second.pairs.isEmpty)
        #expect(second.invalid.map(\.key) == ["a.json"])
        let third = build(["a.json": broken, "b.json": broken], after: second)
        #expect(third.pairs.isEmpty, "a dropped pair is not remembered")
    }

    @Test("A key that turns to another pair drops its old one")
    func renamed() {
        let first = build(["a.json": pact("c", "p")])
        let second = build(["a.json": pact("c", "q")], after: first)
        #expect(names(second) == ["c-q"])
    }

    @Test("A file that cannot be read counts like an invalid one")
    func unusable() {
        let first = build(["a.json": pact("c", "p")])
        let entry = SourceEntry(key: "a.json", content: .unusable(reason: "may not be read"))
        let second = DesiredSetBuilder.build(SourceContent(entries: [entry]), previous: first.pairs)
        #expect(second.pairs[0].sha256 == first.pairs[0].sha256)
        #expect(second.pairs[0].problem == "a.json: may not be read")
    }

    @Test("The revision names pairs and contents, not files, problems or order of keys")
    func revision() {
        let one = build(["a.json": pact("c", "p")])
        #expect(build(["z.json": pact("c", "p")]).revision == one.revision)
        #expect(build(["a.json": pact("c", "p"), "x.json": broken]).revision == one.revision)
        #expect(build(["a.json": pact("c", "p", "other")]).revision != one.revision)
        #expect(build(["a.json": pact("cp", "")]).revision != one.revision)
        #expect(
            DesiredSet.revision(of: [DesiredPair(consumer: "ab", provider: "c", sha256: nil)])
                != DesiredSet.revision(of: [DesiredPair(consumer: "a", provider: "bc", sha256: nil)])
        )
    }

    @Test("Names that look alike but differ in bytes are different pairs")
    func canonicalEquivalence() {
        let set = build(["a.json": pact("caf\u{E9}", "p"), "b.json": pact("cafe\u{301}", "p")])
        #expect(set.pairs.count == 2)
    }

    @Test("A participant's name that would fill the section is refused; the rest is not harmed")
    func longNames() {
        let set = build(["a.json": pact(String(repeating: "x", count: 513), "p"), "b.json": pact("c", "p")])
        #expect(names(set) == ["c-p"])
        #expect(set.invalid.first?.reason == "`consumer.name` has 513 bytes, more than the 512 a name may have")
    }

    @Test("Thousands of problems are cut so that the section holds them")
    func limitedTexts() {
        let previous = (0..<5000)
            .map { index in
                DesiredPair(
                    consumer: "c",
                    provider: "p\(index)",
                    sha256: String(repeating: "0", count: 64),
                    files: ["\(index).json"]
                )
            }
        let entries = (0..<5000)
            .map { index in
                SourceEntry(key: "\(index).json", content: .unusable(reason: String(repeating: "long ", count: 200)))
            }
        let set = DesiredSetBuilder.build(SourceContent(entries: entries), previous: previous)
        #expect(set.pairs.count == 5000)
        let texts = set.pairs.reduce(0) { $0 + ($1.problem?.utf8.count ?? 0) }
        #expect(texts <= DesiredSetBuilder.maximumTextBytes)
        #expect(set.pairs.allSatisfy { $0.problem?.isEmpty == false })
    }
}
