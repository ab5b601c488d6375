import Shared
import Testing

@Suite struct ContractGroupingTests {
    private func file(_ key: String, _ consumer: String, _ provider: String, _ rest: String = "")
        -> (key: String, bytes: [UInt8])
    {
        let names = "\"consumer\":{\"name\":\"\(consumer)\"},\"provider\":{\"name\":\"\(provider)\"}"
        return (key, Array("{\(names),\"interactions\":[{\"description\":\"a\",\"x\":\"\(rest)\"}]}".utf8))
    }

    @Test func pairsComeFromTheContentAndAreOrderedByBytes() {
        let grouping = ContractGrouping([
            file("1.json", "b", "x"), file("2.json", "B", "z"), file("3.json", "B", "a"), file("4.json", "é", "x"),
            file("5.json", "e\u{301}", "x"),
        ])
        let names = grouping.pairs.map { "\($0.desired.consumer)/\($0.desired.provider)" }
        #expect(names.map { Array($0.utf8) } == ["B/a", "B/z", "b/x", "e\u{301}/x", "é/x"].map { Array($0.utf8) })
        #expect(grouping.pairs.allSatisfy { $0.content?.sha256 == $0.desired.sha256 && $0.conflicts.isEmpty })
        #expect(grouping.pairs[0].desired.bytes == grouping.pairs[0].content?.bytes.count)
    }

    @Test func oneBadFileBlocksNothing() {
        let grouping = ContractGrouping([
            ("bad.json", Array("{\n]".utf8)), file("ok.json", "C", "P"), file("x.json", "D", "P", "1"),
            file("y.json", "D", "P", "2"),
        ])
        #expect(
            grouping.invalid == [
                SourceState.InvalidKey(
                    key: "bad.json",
                    reason: "not JSON: expected a key in quotes, found ']' (line 2, column 1)",
                    line: 2,
                    column: 1
                )
            ]
        )
        #expect(grouping.pairs.count == 2)
        #expect(grouping.pairs[0].desired.problem == nil)
        let conflict = grouping.pairs[1]
        #expect(conflict.content == nil)
        #expect(conflict.desired.sha256 == nil)
        #expect(conflict.desired.files == ["x.json", "y.json"])
        #expect(conflict.desired.problem?.hasPrefix("x.json and y.json both have \"a\", but differ at `x`") == true)
    }

    @Test func keysThatAreNoContractsArePassedOverWithAReason() {
        let keys = [
            "..data", "..2024_01_01.json", "notes.txt", "a.JSON", "README", ".json", "map/..data", "map/a.json",
        ]
        let grouping = ContractGrouping(keys.map { ($0, []) })
        #expect(
            Set(grouping.ignored.map(\.key)) == [
                "..data", "..2024_01_01.json", "notes.txt", "a.JSON", "README", "map/..data",
            ]
        )
        #expect(
            grouping.ignored.first { $0.key == "..data" }?.reason == "names that start with .. belong to Kubernetes"
        )
        #expect(grouping.ignored.first { $0.key == "a.JSON" }?.reason == "the name does not end in .json")
        #expect(grouping.invalid.map(\.key) == [".json", "map/a.json"])
    }

    @Test func longReasonsAreCut() {
        let long = String(repeating: "x", count: 5000)
        let grouping = ContractGrouping([
            file("a-\(long).json", "C", "P", "1"), file("b-\(long).json", "C", "P", "2"),
        ])
        #expect((grouping.pairs[0].desired.problem?.utf8.count ?? .max) <= StateLimits.reasonBytes)
        #expect(ContractGrouping([("c.json", Array("{\"\(long)\":1}".utf8))]).invalid[0].reason.utf8.count <= 1024)
    }

    @Test func theOrderOfTheFilesDoesNotMatter() {
        var generator = SeededGenerator(state: 11)
        let files = (0..<30).map { file("\($0).json", "C\($0 % 3)", "P\($0 % 5)", "\($0 % 4)") }
        let expected = ContractGrouping(files)
        for _ in 0..<20 { #expect(ContractGrouping(files.shuffled(using: &generator)) == expected) }
    }
}
