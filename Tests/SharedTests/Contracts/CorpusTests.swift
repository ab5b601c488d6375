internal import Glibc
import Shared
import Testing

/// Real contracts of other projects, where `PACT_CORPUS` names a directory of them.
@Suite struct CorpusTests {
    @Test func theCorpusIsReadAsCounted() throws {
        guard let directory = Corpus.directory else { return }
        let files = try Corpus.files(in: directory)
        let grouping = ContractGrouping(files)
        let isConflict: (ContractConflict.Kind) -> Int = { kind in
            grouping.pairs.count { $0.conflicts.contains { $0.kind == kind } }
        }
        #expect(files.count - grouping.ignored.count == 170)
        #expect(grouping.pairs.count == 38)
        #expect(isConflict(.interaction) == 8)
        #expect(isConflict(.specification) == 5)
        #expect(grouping.invalid.count == 6)
        #expect(grouping.invalid.filter { $0.key.hasPrefix("DECOY_") }.count == 5)
        #expect(grouping.pairs.filter { $0.desired.problem != nil }.count == 10)
    }

    @Test func everyFileOfASinglePairIsKeptByteForByte() throws {
        guard let directory = Corpus.directory else { return }
        let files = try Corpus.files(in: directory)
        for pair in ContractGrouping(files).pairs where pair.desired.files.count == 1 {
            let bytes = files.first { $0.key == pair.desired.files[0] }?.bytes
            #expect(pair.content?.bytes == bytes)
        }
    }

    /// Somebody else's code has to come to the same counts: Tests/Scripts/corpus_counts.py.
    @Test func anIndependentScriptCountsTheSame() throws {
        guard let directory = Corpus.directory else { return }
        guard let counts = Self.scriptCounts(directory) else {
            print("skipped: python3 is not there to count the corpus independently")
            return
        }
        let grouping = ContractGrouping(try Corpus.files(in: directory))
        let problems = grouping.pairs.filter { $0.desired.problem != nil }
        #expect(counts["files"] == ["\(170)"])
        #expect(counts["pairs"] == ["\(grouping.pairs.count)"])
        #expect(counts["conflicts"] == ["\(problems.count { $0.conflicts.contains { $0.kind == .interaction } })"])
        #expect(counts["mixed"] == ["\(problems.count { $0.conflicts.contains { $0.kind == .specification } })"])
        #expect(counts["problems"] == ["\(problems.count)"])
        #expect(counts["invalid"] == grouping.invalid.map(\.key))
    }

    @Test func everyValidFileOfTheCorpusSurvivesRewriting() throws {
        guard let directory = Corpus.directory else { return }
        for (key, bytes) in try Corpus.files(in: directory) {
            guard let contract = try? Contract.parse(key: key, bytes: bytes) else { continue }
            let document = try contract.document()
            let again = try JSONReader.parse(JSONWriter.compact(document))
            #expect(again == document)
            #expect(PactContentSHA.of(again) == PactContentSHA.of(document))
        }
    }

    /// The script's `name=value` lines, or `nil` without Python.
    private static func scriptCounts(_ directory: String) -> [String: [String]]? {
        let command = "python3 '\(Repository.root)Tests/Scripts/corpus_counts.py' '\(directory)' 2>/dev/null"
        guard let pipe = popen(command, "r") else { return nil }
        var output: [UInt8] = []
        while case let byte = fgetc(pipe), byte != EOF { output.append(UInt8(truncatingIfNeeded: byte)) }
        guard pclose(pipe) == 0 else { return nil }
        var counts: [String: [String]] = [:]
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { counts[parts[0], default: []].append(parts[1]) }
        }
        return counts
    }
}
