import Shared
import Testing

@Suite struct ContractMergerTests {
    private static let names = "\"consumer\":{\"name\":\"C\"},\"provider\":{\"name\":\"P\"}"

    private func contract(_ file: String, _ rest: String) throws -> Contract {
        try Contract.parse(key: file, bytes: Array("{\(Self.names),\(rest)}".utf8))
    }

    private func merge(_ parts: [String]) throws -> ContractMerger.Outcome {
        let contracts = try parts.enumerated().map { try contract("\($0).json", $1) }
        return try #require(ContractMerger.merge(contracts))
    }

    private func mergedText(_ parts: [String]) throws -> String {
        guard case .merged(let contract) = try merge(parts) else {
            Issue.record("not merged: \(try merge(parts))")
            return ""
        }
        #expect(contract.sha256 == ContentHash.sha256Hex(contract.bytes))
        return String(decoding: contract.bytes, as: UTF8.self)
    }

    private func conflicts(_ parts: [String]) throws -> [ContractConflict] {
        guard case .conflict(let conflicts) = try merge(parts) else { return [] }
        return conflicts
    }

    @Test func aSingleFileStaysAsItIs() throws {
        let only = try contract("a.json", "  \"interactions\" : [ ]")
        #expect(ContractMerger.merge([only]) == .single(only))
        #expect(ContractMerger.merge([]) == nil)
    }

    @Test func equalInteractionsAreKeptOnceAndOthersAppended() throws {
        let text = try mergedText([
            "\"interactions\":[{\"description\":\"a\",\"n\":1.50},{\"description\":\"b\"}],\"x\":1",
            "\"interactions\":[{\"n\":1.5,\"description\":\"a\"},{\"description\":\"a\",\"providerState\":\"s\"}]",
        ])
        #expect(
            text == "{\(Self.names),\"interactions\":[{\"description\":\"a\",\"n\":1.50},{\"description\":\"b\"},"
                + "{\"description\":\"a\",\"providerState\":\"s\"}],\"x\":1}"
        )
    }

    @Test func theOrderOfFilesIsThatOfTheirNames() throws {
        let a = try contract("a.json", "\"interactions\":[{\"description\":\"1\"}]")
        let b = try contract("b.json", "\"interactions\":[{\"description\":\"2\"}]")
        let capital = try contract("B.json", "\"interactions\":[{\"description\":\"3\"}]")
        #expect(ContractMerger.merge([a, b, capital]) == ContractMerger.merge([b, capital, a]))
        guard case .merged(let merged) = ContractMerger.merge([a, b, capital]) else {
            Issue.record("not merged")
            return
        }
        #expect(merged.files == ["B.json", "a.json", "b.json"])
        #expect(merged.interactions == 3)
        let document = try merged.document()
        #expect(document["interactions"]?.array?.compactMap { $0["description"]?.string } == ["3", "1", "2"])
    }

    @Test func aDifferenceUnderOneDescriptionAndStateIsAConflict() throws {
        let found = try conflicts([
            "\"interactions\":[{\"description\":\"a\",\"providerState\":\"s\",\"response\":{\"status\":200}}]",
            "\"interactions\":[{\"description\":\"a\",\"provider_state\":\"s\",\"response\":{\"status\":201}}]",
        ])
        #expect(found.map(\.kind) == [.interaction])
        #expect(found.first?.files == ["0.json", "1.json"])
        #expect(
            found.first?.reason
                == "0.json and 1.json both have \"a\" with state \"s\", but differ at `providerState`, "
                + "`provider_state`, `response.status`; make them equal, or give one another description or provider state"
        )
    }

    @Test(arguments: [
        // The same with v3 states, whose parameters belong to the identity.
        (
            "{\"description\":\"a\",\"providerStates\":[{\"name\":\"s\",\"params\":{\"i\":1,\"k\":2}}],\"x\":1}",
            "{\"description\":\"a\",\"providerStates\":[{\"params\":{\"k\":2,\"i\":1},\"name\":\"s\"}],\"x\":2}", true
        ),
        (
            "{\"description\":\"a\",\"providerStates\":[{\"name\":\"s\",\"params\":{\"i\":1}}],\"x\":1}",
            "{\"description\":\"a\",\"providerStates\":[{\"name\":\"s\",\"params\":{\"i\":2}}],\"x\":2}", false
        ),
        ("{\"description\":\"a\",\"providerState\":null,\"x\":1}", "{\"description\":\"a\",\"x\":2}", true),
        (
            "{\"description\":\"a\",\"providerState\":\"é\",\"x\":1}",
            "{\"description\":\"a\",\"providerState\":\"e\u{301}\"}",
            false
        ),
        // 1 and 1.0 are different contents for the broker.
        ("{\"description\":\"a\",\"x\":1}", "{\"description\":\"a\",\"x\":1.0}", true),
        ("{\"description\":\"a\",\"x\":[1,2]}", "{\"description\":\"a\",\"x\":[2,1]}", true),
        // v4: the type belongs to the identity; key, pending and comments are content.
        (
            "{\"description\":\"a\",\"type\":\"Synchronous/HTTP\"}",
            "{\"description\":\"a\",\"type\":\"Asynchronous/Messages\"}",
            false
        ),
        (
            "{\"description\":\"a\",\"type\":\"Synchronous/HTTP\",\"pending\":true}",
            "{\"description\":\"a\",\"type\":\"Synchronous/HTTP\",\"pending\":false}", true
        ),
        ("{\"x\":1}", "{\"x\":2}", true),
    ])
    func identityIsDescriptionStatesAndType(a: String, b: String, isConflict: Bool) throws {
        for section in ["interactions", "messages"] {
            let found = try conflicts(["\"\(section)\":[\(a)]", "\"\(section)\":[\(b)]"])
            #expect(found.isEmpty != isConflict)
        }
    }

    @Test func interactionsAndMessagesAreMergedEachForThemselves() throws {
        let text = try mergedText([
            "\"interactions\":[{\"description\":\"a\"}]", "\"messages\":[{\"description\":\"a\",\"x\":1}]",
            "\"messages\":[{\"description\":\"a\",\"x\":1},{\"description\":\"b\"}],\"interactions\":[]",
        ])
        #expect(
            text == "{\(Self.names),\"interactions\":[{\"description\":\"a\"}],"
                + "\"messages\":[{\"description\":\"a\",\"x\":1},{\"description\":\"b\"}]}"
        )
    }

    @Test func differentMajorVersionsAreAConflictAndMinorOnesAreNot() throws {
        func version(_ text: String) -> String {
            "\"interactions\":[],\"metadata\":{\"pactSpecification\":{\"version\":\"\(text)\"}}"
        }
        let found = try conflicts([version("2.0.0"), version("2.0"), version("4.0"), version("3.0.0")])
        #expect(found.map(\.kind) == [.specification, .specification])
        #expect(
            found.first?.reason == "0.json and 2.json follow different Pact specifications (2.0.0 and 4.0); "
                + "write both with the same one"
        )
        #expect(try conflicts([version("1.0.0"), version("1.1.0"), "\"interactions\":[]"]).isEmpty)
    }

    @Test func metadataIsThatOfTheFirstFileThatNamesASpecification() throws {
        guard
            case .merged(let contract) = try merge([
                "\"interactions\":[],\"metadata\":{\"client\":1},\"x\":1",
                "\"interactions\":[],\"metadata\":{\"pactSpecification\":{\"version\":\"3.0.0\"}},\"x\":2",
                "\"interactions\":[],\"metadata\":{\"pactSpecification\":{\"version\":\"3.1\"}},\"y\":3",
            ])
        else {
            Issue.record("not merged")
            return
        }
        #expect(contract.specification == "3.0.0")
        #expect(
            String(decoding: contract.bytes, as: UTF8.self)
                == "{\(Self.names),\"interactions\":[],"
                + "\"metadata\":{\"pactSpecification\":{\"version\":\"3.0.0\"}},\"x\":1}"
        )
        #expect(contract.warnings.contains("`x` of 1.json is not used, because 0.json has another or none"))
        #expect(contract.warnings.contains("`metadata` of 2.json is not used, because 1.json has another or none"))
        #expect(contract.warnings.contains("`y` of 2.json is not used, because 0.json has another or none"))
    }

    @Test func aFileIsNotComparedWithItself() throws {
        let text = try mergedText([
            "\"interactions\":[{\"description\":\"a\",\"x\":1},{\"description\":\"a\",\"x\":2}]",
            "\"interactions\":[{\"description\":\"a\",\"x\":2}]",
        ])
        #expect(text.hasSuffix("[{\"description\":\"a\",\"x\":1},{\"description\":\"a\",\"x\":2}]}"))
    }

    @Test func mergingIsTheSameWhateverIsMergedFirst() throws {
        var generator = SeededGenerator(state: 3)
        let contracts = try (0..<6)
            .map { file in
                let interactions = (0..<5)
                    .map { _ in
                        "{\"description\":\"d\(Int.random(in: 0..<12, using: &generator))\",\"request\":{}}"
                    }
                return try contract("\(file).json", "\"interactions\":[\(interactions.joined(separator: ","))]")
            }
        let expected = ContractMerger.merge(contracts)
        for _ in 0..<20 { #expect(ContractMerger.merge(contracts.shuffled(using: &generator)) == expected) }
    }

    @Test func conflictsAreBounded() throws {
        func many(_ value: Int) -> String {
            let interactions = (0..<500).map { "{\"description\":\"\($0)\",\"x\":\(value)}" }.joined(separator: ",")
            return "\"interactions\":[\(interactions)]"
        }
        #expect(try conflicts([many(1), many(2)]).count == ContractMerger.maximumConflicts)
    }
}
