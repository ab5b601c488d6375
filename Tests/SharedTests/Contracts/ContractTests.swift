import Shared
import Testing

@Suite struct ContractTests {
    private func parse(_ text: String) throws(ContractError) -> Contract {
        try Contract.parse(key: "a.json", bytes: Array(text.utf8))
    }

    private static let names = "\"consumer\":{\"name\":\"C\"},\"provider\":{\"name\":\"P\"}"

    @Test func readsNamesVersionAndCounts() throws {
        let text = """
            {"consumer": {"name": "Foo App"}, "provider": {"name": "Bär/Service"},
             "interactions": [{"description": "a", "providerState": "s", "request": {}, "response": {}}],
             "metadata": {"pactSpecification": {"version": "2.0.0"}}}
            """
        let contract = try parse(text)
        #expect(contract.consumer == "Foo App")
        #expect(contract.provider == "Bär/Service")
        #expect(contract.files == ["a.json"])
        #expect(contract.specification == "2.0.0")
        #expect(contract.specificationMajor == 2)
        #expect(contract.interactions == 1)
        #expect(contract.messages == 0)
        #expect(contract.warnings == [])
        #expect(contract.bytes == Array(text.utf8))
        #expect(contract.sha256 == ContentHash.sha256Hex(text))
    }

    /// The shapes that the Pact libraries write, or wrote; none may be refused.
    @Test(arguments: [
        // Ruby, v1: snake case, no metadata.
        (
            "\"interactions\":[{\"description\":\"a\",\"provider_state\":\"s\",\"request\":{},\"response\":{}}]", "", 1,
            0
        ),
        // Ruby, JavaScript and Go, v2; null states.
        (
            "\"interactions\":[{\"description\":\"a\",\"providerState\":null,\"request\":{},\"response\":{}}],"
                + "\"metadata\":{\"pactSpecification\":{\"version\":\"2.0.0\"}}", "2.0.0", 1, 0
        ),
        // JVM, v3: hyphenated member, extra metadata, generators, states with parameters.
        (
            "\"interactions\":[{\"description\":\"a\",\"providerStates\":[{\"name\":\"s\",\"params\":{\"id\":1}}],"
                + "\"request\":{\"generators\":{}},\"response\":{\"matchingRules\":{}}}],"
                + "\"metadata\":{\"pact-jvm\":{\"version\":\"3.5.2\"},\"pact-specification\":{\"version\":\"3.0.0\"}}",
            "3.0.0", 1, 0
        ),
        // v3 messages, with `metaData` as the JVM wrote it.
        (
            "\"messages\":[{\"description\":\"m\",\"metaData\":{},\"contents\":{}}],"
                + "\"metadata\":{\"pactSpecification\":{\"version\":\"3.0.0\"}}", "3.0.0", 0, 1
        ),
        // Python and PHP, flat version.
        ("\"interactions\":[],\"messages\":[],\"metadata\":{\"pactSpecificationVersion\":\"2.0\"}", "2.0", 0, 0),
        // v4 from the Rust core: three types, plugin data, comments, keys.
        (
            "\"interactions\":[{\"type\":\"Synchronous/HTTP\",\"key\":\"k\",\"pending\":false,\"description\":\"a\","
                + "\"request\":{},\"response\":{},\"comments\":{\"text\":[]}},"
                + "{\"type\":\"Asynchronous/Messages\",\"description\":\"b\",\"contents\":{}},"
                + "{\"type\":\"Synchronous/Messages\",\"description\":\"c\",\"request\":{},\"response\":[{}]}],"
                + "\"metadata\":{\"pactSpecification\":{\"version\":\"4.0\"},\"plugins\":[]}", "4.0", 1, 2
        ),
        // A number as version, a null metadata, unknown members.
        ("\"interactions\":[],\"metadata\":{\"pactSpecification\":{\"version\":3}}", "3", 0, 0),
        ("\"interactions\":[],\"metadata\":null,\"x\":[1e400,12345678901234567890]", "", 0, 0),
        ("\"interactions\":null,\"messages\":[]", "", 0, 0),
        // From a broker.
        ("\"interactions\":[],\"_links\":{\"self\":{}},\"createdAt\":\"2024-01-01T00:00:00Z\"", "", 0, 0),
    ])
    func acceptsWhatPactLibrariesWrite(rest: String, version: String, interactions: Int, messages: Int) throws {
        for newline in ["", "\n", "\r\n"] {
            let contract = try parse("{" + newline + Self.names + "," + newline + rest + newline + "}" + newline)
            #expect(contract.specification == version)
            #expect(contract.interactions == interactions)
            #expect(contract.messages == messages)
        }
    }

    @Test(
        arguments: [
            ("", "the file is empty", nil, nil), (" \r\n", "the file is empty", nil, nil),
            ("[]", "must be a JSON object, found an array", 1, 1),
            ("\n null", "must be a JSON object, found null", 2, 2),
            ("{\"a\" 1}", "not JSON: expected ':' after the key, found '1'", 1, 6),
            ("{\"provider\":{\"name\":\"P\"},\"producer\":1,\"interactions\":[]}", "`consumer` is missing", 1, 1),
            (
                "{\"consumer\":{\"name\":\"C\"},\n\"producer\":{},\"interactions\":[]}", "found `consumer`, `producer`",
                1, 1
            ),
            (
                "{\"consumer\":\"C\",\"provider\":{\"name\":\"P\"}}", "`consumer` must be an object, found a string", 1,
                13
            ),
            ("{\"consumer\":{\n\"Name\":\"C\"},\"interactions\":[]}", "`consumer.name` is missing", 1, 13),
            (
                "{\"consumer\":{\"name\":\n 5},\"interactions\":[]}",
                "`consumer.name` must be a string, found a number", 2, 2
            ),
            ("{\"consumer\":{\"name\":\"\"},\"interactions\":[]}", "`consumer.name` is empty", 1, 21),
            ("{\"consumer\":{\"name\":\"C\"},\"provider\":{\"name\":\" \u{A0}\"}}", "`provider.name` is blank", 1, 45),
            ("{\"consumer\":{\"name\":\"C\\n\"},\"provider\":{}}", "control character", 1, 21),
            ("{\"consumer\":{\"name\":\"C\\u0000\"},\"provider\":{}}", "control character", 1, 21),
            ("{\(names)}", "no `interactions` and no `messages`", 1, 1),
            ("{\(names),\"interactions\":null}", "no `interactions` and no `messages`", 1, 1),
            ("{\(names),\n\"interactions\": {}}", "`interactions` must be an array, found an object", 2, 17),
            ("{\(names),\"interactions\":[{},\n \"x\"]}", "`interactions[1]` must be an object, found a string", 2, 2),
            ("{\(names),\"messages\":[{}, null]}", "`messages[0]`", nil, nil),
        ] as [(String, String, Int?, Int?)]
    )
    func refusesAndSaysWhatWhereAndWhatToDo(text: String, message: String, line: Int?, column: Int?) {
        let error = #expect(throws: ContractError.self) { try parse(text) }
        if text.contains("null]}") {
            #expect(error?.message == "`messages[1]` must be an object, found null")
            return
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test func refusesNestingThatTheBrokerRefuses() throws {
        func contract(_ depth: Int) -> String {
            let open = String(repeating: "[", count: depth - 1)
            return "{\(Self.names),\"interactions\":[],\"x\":\(open)\(String(repeating: "]", count: depth - 1))}"
        }
        #expect(throws: Never.self) { try parse(contract(50)) }
        let error = #expect(throws: ContractError.self) { try parse(contract(51)) }
        #expect(error?.message == "nested deeper than 50 levels, which the broker refuses")
        #expect(error?.line == 1)
    }

    @Test func stripsAByteOrderMarkAndCountsColumnsWithoutIt() throws {
        let text = "{\(Self.names),\"interactions\":[]}"
        let contract = try Contract.parse(key: "a.json", bytes: [0xEF, 0xBB, 0xBF] + Array(text.utf8))
        #expect(contract.bytes == Array(text.utf8))
        #expect(contract.sha256 == ContentHash.sha256Hex(text))
        let error = #expect(throws: ContractError.self) { try parse("\u{FEFF}{x") }
        #expect(error?.column == 2)
    }

    @Test func saysThatAFileIsNotUTF8() {
        let latin = Array("{\"consumer\":\n \"caf".utf8) + [0xE9] + Array("\"}".utf8)
        let error = #expect(throws: ContractError.self) { try Contract.parse(key: "a.json", bytes: latin) }
        #expect(error?.description == "not UTF-8: byte 0xE9; save the file as UTF-8 (line 2, column 6)")
        let wide: [UInt8] = [0xFF, 0xFE] + Array("{}".utf8).flatMap { [$0, UInt8(0)] }
        let other = #expect(throws: ContractError.self) { try Contract.parse(key: "a.json", bytes: wide) }
        #expect(other?.message == "not UTF-8 but UTF-16; save the file as UTF-8")
    }

    @Test func warnsAboutOdditiesWithoutRefusing() throws {
        let text = """
            {"consumer":{"name":" C"},"provider":{"name":"P"}, // c
             "interactions":[{"request":{},"response":5},{"description":1,"_id":"x","providerStates":{}},
               {"description":"a","description":"b","type":"New","request":{},"response":{},"providerState":7}],
             "metadata":{"pactSpecification":{"version":"9.1"}},"_links":{}}
            """
        let warnings = try parse(text).warnings
        #expect(
            warnings == [
                "has comments, which JSON does not allow (line 1, column 52)",
                "key \"description\" stands twice in one object, the last value counts (line 3, column 23)",
                "`consumer.name` starts or ends with white space, which counts as part of the name",
                "`interactions[0]` has no `description`",
                "`interactions[0]` has a `response` that should be an object, found a number",
                "`interactions[1]` has a `description` that should be a string, found a number",
                "`interactions[1]` has `providerStates` that should be an array, found an object",
                "`interactions[1]` has an `_id` from a broker, which counts as content",
                "`interactions[1]` has no `request`", "`interactions[1]` has no `response`",
                "`interactions[2]` has a `providerState` that should be a string, found a number",
                "`interactions[2]` has a `type` that Pact 4 does not know",
                "the Pact specification version \"9.1\" is not one of 1 to 4",
                "looks like a copy from a broker (`_links` or `createdAt`); better use the file the tests wrote",
            ]
        )
    }

    @Test func repeatedOdditiesAreCountedAndWarningsBounded() throws {
        let many = Array(repeating: "{\"request\":{},\"response\":{}}", count: 1000).joined(separator: ",")
        let warnings = try parse("{\(Self.names),\"interactions\":[\(many)]}").warnings
        #expect(warnings == ["`interactions[0]` has no `description` (and 999 more like it)"])
        let keys = Array(repeating: "{\"description\":\"a\",\"k\":1,\"k\":1}", count: 100).joined(separator: ",")
        let bounded = try parse("{\(Self.names),\"messages\":[\(keys)]}").warnings
        #expect(bounded.count == Contract.maximumWarnings)
    }

    @Test func warnsAboutAContractWithoutInteractions() throws {
        #expect(try parse("{\(Self.names),\"interactions\":[]}").warnings.count == 1)
    }

    /// A tree of such a document would take many times its size; only what is needed is built.
    @Test func hostileDocumentsAreReadWithinBounds() throws {
        let arrays = String(repeating: "[1],", count: 100_000) + "1"
        let members = (0..<100_000).map { "\"\($0)\":[0]" }.joined(separator: ",")
        let interactions = "[{\(members),\"description\":\"late\"}]"
        let text =
            "{\"x\":[\(arrays)],\(members),\(Self.names),\"interactions\":\(interactions),\"metadata\":[\(arrays)]}"
        let contract = try parse(text)
        #expect(contract.interactions == 1)
        #expect(contract.warnings.contains("`metadata` should be an object, found an array"))
        let error = #expect(throws: ContractError.self) { try parse("{\(Self.names),\"interactions\":[\(arrays)]}") }
        #expect(error?.message == "`interactions[0]` must be an object, found an array")
    }

    @Test func theLastOfDuplicateMembersCounts() throws {
        let text =
            "{\(Self.names),\"interactions\":[1,2],\"provider\":{\"name\":\"Q\"},"
            + "\"interactions\":[{\"description\":\"a\"}]}"
        let contract = try parse(text)
        #expect(contract.provider == "Q")
        #expect(contract.interactions == 1)
    }
}
