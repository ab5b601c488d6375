import Shared
import Testing

@Suite struct JSONFuzzTests {
    /// A random document of at most `depth` levels.
    private func value(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .int(Int.random(in: .min ... .max, using: &generator))
        case 3:
            let lexemes = ["-0.0", "1.50", "1e400", "12345678901234567890123", "5E-324", "0.1e+2"]
            return (try? JSONValue(parsing: lexemes.randomElement(using: &generator) ?? "0")) ?? .null
        case 4: return .string(string(&generator))
        case 5, 6:
            return .array(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in value(&generator, depth: depth - 1) }
            )
        default:
            let members = (0..<Int.random(in: 0...20, using: &generator))
                .map { _ in
                    JSONObject.Member(key: string(&generator), value: value(&generator, depth: depth - 1))
                }
            return .object(JSONObject(members))
        }
    }

    private func string(_ generator: inout SeededGenerator) -> String {
        let alphabet: [Unicode.Scalar] = ["a", "b", "\"", "\\", "\n", "\u{0}", "/", "é", "\u{301}", "注", "😀", "\u{7F}"]
        var result = ""
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            result.unicodeScalars.append(alphabet.randomElement(using: &generator) ?? "x")
        }
        return result
    }

    @Test(arguments: 0..<400 as Range<UInt64>)
    func writtenDocumentsReadBackTheSame(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let document = value(&generator, depth: 6)
        let compact = JSONWriter.compact(document)
        let again = try JSONReader.parse(compact)
        #expect(again == document)
        #expect(JSONWriter.compact(again) == compact)
        let pretty = try JSONReader.parse(JSONWriter.pretty(document))
        #expect(JSONWriter.compact(pretty) == compact)
        #expect(JSONDifference.paths(between: document, and: again, limit: 5).isEmpty)
    }

    @Test func mutatedContractsNeverCrashAndErrorsPointIntoTheText() throws {
        let names = ["base", "escapes", "unicode", "comments", "v4", "both", "floats", "duplicate-keys"]
        let seeds = try names.map { try Repository.bytes("Tests/Fixtures/sha-vectors/\($0).json") }
        let special = Array("{}[]\",:\\/*0e-.u\n\u{FEFF}\u{1}é".utf8) + [0xFF, 0xC3, 0xED]
        var generator = SeededGenerator(state: 42)
        var accepted = 0
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = seeds.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<max(bytes.count, 1), using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.removeSubrange(place..<min(place + Int.random(in: 1...9, using: &generator), bytes.count))
                case 1: bytes.insert(special.randomElement(using: &generator) ?? 0, at: min(place, bytes.count))
                case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                default: bytes.append(contentsOf: bytes[place..<min(place + 20, bytes.count)])
                }
            }
            let length = bytes.count
            do {
                let contract = try Contract.parse(key: "a.json", bytes: bytes)
                let document = try contract.document()
                #expect(try JSONReader.parse(JSONWriter.compact(document)) == document)
                _ = PactContentSHA.of(document)
                accepted += 1
            } catch {
                let error = try #require(error as? ContractError)
                if let position = error.position { #expect((0...length).contains(position.offset)) }
                refused += 1
            }
        }
        // Both ways are walked: a generator that only makes rubbish would prove little.
        #expect(accepted > 500)
        #expect(refused > 500)
    }
}
