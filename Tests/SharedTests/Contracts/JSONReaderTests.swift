import Shared
import Testing

@Suite struct JSONReaderTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1.50", "1e3", "1E+03", "-12345678901234567890.0100", "\"\"", "[]", "{}",
        "[1,2,[3]]", "{\"a\":1,\"b\":{\"c\":null}}", "\"héllo 注文 😀\"", "{\"\":\"\"}", "[{\"b\":1,\"a\":2},\"x\"]",
        "\"q\\\" b\\\\ \\b\\f\\n\\r\\t\\u0001\"",
    ])
    func writesWhatItRead(text: String) throws {
        #expect(try JSONValue(parsing: text).compactText == text)
    }

    @Test(arguments: [
        (" \t\r\n[ 1 ,\r\n 2 ] \n", "[1,2]"), ("\"\\u00e9\\ud83d\\ude00\\/\"", "\"é😀/\""),
        ("{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"), ("\"\\u0000\\u001F\"", "\"\\u0000\\u001f\""),
        ("/* a */ [1, // b\n 2 /**/] //", "[1,2]"),
    ])
    func readsEveryNotation(text: String, expected: String) throws {
        #expect(try JSONValue(parsing: text).compactText == expected)
    }

    @Test(arguments: [
        ("", 1, 1, "expected a value, found the end of the text"),
        ("{\"a\" 1}", 1, 6, "expected ':' after the key, found '1'"),
        ("{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "expected ',' or '}' after a member, found '\"'"),
        ("[1 2]", 1, 4, "expected ',' or ']' after an element, found '2'"),
        ("[1,]", 1, 4, "expected a value after the comma, found ']'"),
        ("{\"a\":1,}", 1, 8, "expected a key after the comma, found '}'"),
        ("{a:1}", 1, 2, "expected a key in quotes, found 'a'"),
        ("[1]]", 1, 4, "expected nothing after the end of the JSON value, found ']'"),
        ("\"é", 1, 1, "the string that starts here is never closed with a quote"),
        ("[\"é\", nul]", 1, 7, "expected a value, found 'n'"),
        ("[NaN]", 1, 2, "expected a value, found 'N'"),
        ("[01]", 1, 2, "a number must not start with 0"),
        ("[1.]", 1, 4, "expected a digit after the decimal point, found ']'"),
        ("[1e]", 1, 4, "expected a digit in the exponent, found ']'"),
        ("-", 1, 2, "expected a digit, found the end of the text"),
        ("\"a\tb\"", 1, 3, "a string must not contain a tab; write it as an escape"),
        ("\"a\nb\"", 1, 3, "a string must not contain a line break; write it as an escape"),
        ("\"\u{1}\"", 1, 2, "a string must not contain the control character 0x01; write it as an escape"),
        ("\"\\q\"", 1, 2, "a backslash must be followed by one of \" \\ / b f n r t u"),
        ("\"\\u12g4\"", 1, 2, "\\u must be followed by four hexadecimal digits"),
        ("\"\\u12", 1, 2, "\\u must be followed by four hexadecimal digits"),
        ("\"\\", 1, 2, "the text ends within a string"),
        ("{} /* x", 1, 4, "the comment that starts here is never closed with */"),
        ("{} / 1", 1, 4, "expected a value, a comma or a bracket, found '/'"),
        ("[\r\n  '😀'\r\n]", 2, 3, "expected a value, found '''"),
        ("[\"😀é\" x]", 1, 7, "expected ',' or ']' after an element, found 'x'"),
        ("\u{FEFF}{}", 1, 1, "expected a value, found '\u{FEFF}'"),
    ])
    func namesTheFirstWrongPlace(text: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
        #expect(error?.message == message)
        #expect(error?.line == line)
        #expect(error?.column == column)
    }

    @Test func refusesCommentsUnlessTheyAreAllowed() {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(Array("[1] // x".utf8)) }
        #expect(error?.description == "comments are not allowed in JSON (line 1, column 5)")
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE0, 0x9F, 0xBF, 0x22], [0x22, 0xF0, 0x8F, 0xBF, 0xBF, 0x22],
            [0x22, 0x80, 0x22], [0x22, 0xE2, 0x82], [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
        ] as [[UInt8]]
    )
    func refusesBytesThatAreNotUTF8(bytes: [UInt8]) {
        let lines = Array("[\n \"0123456789abcdef é\",\n".utf8)
        let error = #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(lines + bytes + Array("]".utf8)) }
        #expect(error?.kind == .encoding)
        #expect(error?.line == 3)
        #expect(error?.column == 2)
    }

    @Test func acceptsEveryUnicodeScalarWrittenAsItIs() throws {
        var string = ""
        for value in stride(from: UInt32(0x20), through: 0x10FFFF, by: 61) {
            if let scalar = Unicode.Scalar(value), value != 0x22, value != 0x5C { string.unicodeScalars.append(scalar) }
        }
        #expect(try JSONValue(parsing: "\"\(string)\"").string?.hasSameBytes(as: string) == true)
    }

    @Test func keepsLoneSurrogatesOutOrReplacesThem() throws {
        for text in ["\"x\\ud800y\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800"] {
            let strict = JSONReader.Options(replacesLoneSurrogates: false)
            #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(Array(text.utf8), options: strict) }
        }
        #expect(try JSONValue(parsing: "\"x\\ud800y\"").string == "x\u{FFFD}y")
        #expect(try JSONValue(parsing: "\"\\ud800\\u0041\\udc00\"").string == "\u{FFFD}A\u{FFFD}")
        #expect(try JSONValue(parsing: "\"\\ud800\\ud83d\\ude00\"").string == "\u{FFFD}😀")
    }

    @Test func countsNestingAndStopsAtTheLimit() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        let limit = JSONReader.Options(maximumDepth: 50)
        #expect(throws: Never.self) { try JSONReader.parse(nested(50), options: limit) }
        let error = #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(nested(51), options: limit) }
        #expect(error?.kind == .depth)
        #expect(error?.column == 51)
        // However high a limit is asked for, hostile nesting must not reach the end of the stack.
        let high = JSONReader.Options(maximumDepth: .max)
        #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(nested(1_000_000), options: high) }
        let objects = Array(String(repeating: "{\"a\":", count: 1_000_000).utf8)
        #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(objects, options: high) }
    }

    @Test func noticesDuplicateKeysAndComments() throws {
        let text = "{\"a\": 1, // c\n \"b\": {\"x\": 1, \"x\": 2},\n \"a\": 3}"
        let options = JSONReader.Options(allowsComments: true, findsDuplicateKeys: true)
        let (value, notices) = try JSONReader.read(Array(text.utf8), options: options)
        #expect(
            notices.map(\.description) == [
                "has comments, which JSON does not allow (line 1, column 10)",
                "key \"x\" stands twice in one object, the last value counts (line 2, column 16)",
                "key \"a\" stands twice in one object, the last value counts (line 3, column 2)",
            ]
        )
        #expect(value["a"]?.int == 3)
        #expect(value["b"]?["x"]?.int == 2)
        #expect(value.object?.members.count == 3)
    }

    @Test func findsDuplicatesInLargeObjectsAndKeepsTheNoticesBounded() throws {
        let keys = (0..<40).map { "\"k\($0)\":0" } + ["\"k7\":1", "\"k30\":1"]
        let options = JSONReader.Options(findsDuplicateKeys: true)
        let (_, notices) = try JSONReader.read(Array("{\(keys.joined(separator: ","))}".utf8), options: options)
        #expect(notices.map(\.kind) == [.duplicateKey("k30"), .duplicateKey("k7")])
        let many = Array(repeating: "{\"a\":1,\"a\":1}", count: 100).joined(separator: ",")
        #expect(
            try JSONReader.read(Array("[\(many)]".utf8), options: options).notices.count == JSONReader.maximumNotices
        )
    }

    @Test func checksButDoesNotBuildWhatIsTooDeep() throws {
        let options = JSONReader.Options(findsDuplicateKeys: true, buildDepth: 2)
        let text = "{\"a\":[1,[2,\"x\",{\"k\":1,\"k\":2}],{\"b\":3}]}"
        let (value, notices) = try JSONReader.read(Array(text.utf8), options: options)
        #expect(value.compactText == "{\"a\":[1,[],{}]}")
        #expect(notices.count == 1)
        #expect(throws: JSONSyntaxError.self) {
            try JSONReader.parse(Array("{\"a\":[1,[2,\"x]}".utf8), options: options)
        }
    }
}
