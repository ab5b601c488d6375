import Shared
import Testing

@Suite struct JSONValueTests {
    @Test func findsMembersAndElements() throws {
        let value = try JSONValue(parsing: "{\"a\":[1,\"x\",true,null,{\"b\":2.0}],\"a b\":{}}")
        #expect(value["a"]?[0]?.int == 1)
        #expect(value["a"]?[1]?.string == "x")
        #expect(value["a"]?[2]?.bool == true)
        #expect(value["a"]?[3]?.isNull == true)
        #expect(value["a"]?[4]?["b"]?.number?.lexeme == "2.0")
        #expect(value["a"]?[4]?["b"]?.int == nil)
        #expect(value["a"]?[5] == nil)
        #expect(value["b"] == nil)
        #expect(value[0] == nil)
        #expect(value["a b"]?.object == JSONObject())
    }

    @Test func changesMembersInPlace() throws {
        var object = try #require(try JSONValue(parsing: "{\"a\":1,\"b\":2,\"a\":3}").object)
        object["b"] = "x"
        object["c"] = [1, nil, false, ["k": "v"]]
        #expect(
            JSONValue.object(object).compactText == "{\"a\":1,\"b\":\"x\",\"a\":3,\"c\":[1,null,false,{\"k\":\"v\"}]}"
        )
        object["a"] = nil
        #expect(JSONValue.object(object).compactText == "{\"b\":\"x\",\"c\":[1,null,false,{\"k\":\"v\"}]}")
    }

    @Test(arguments: [
        ("{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}", true), ("[1,2]", "[2,1]", false), ("1", "1.0", false),
        ("1.0", "1.00", true), ("100.0", "1e2", true), ("1e2", "100", false), ("0", "-0", true), ("0.0", "-0.0", false),
        ("12345678901234567890", "12345678901234567891", false), ("0.1", "1E-1", true), ("1e400", "10e399", true),
        ("{\"a\":1,\"a\":2}", "{\"a\":2}", true), ("{\"a\":1}", "{\"a\":1,\"b\":null}", false),
        ("null", "false", false),
        ("{\"\\u00e9\":1}", "{\"e\\u0301\":1}", false), ("\"\\u00e9\"", "\"e\\u0301\"", false),
        ("\"a\"", "\"\\u0061\"", true),
        ("1e99999999999999999999", "1e99999999999999999998", true), ("{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false),
    ])
    func comparesContent(a: String, b: String, same: Bool) throws {
        #expect(try (JSONValue(parsing: a) == JSONValue(parsing: b)) == same)
        #expect(try (JSONValue(parsing: b) == JSONValue(parsing: a)) == same)
    }

    @Test func writesPrettyForPeople() throws {
        let text = "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n"
        #expect(
            try String(decoding: JSONWriter.pretty(JSONValue(parsing: "{\"a\":[1,{}],\"b\":[]}")), as: UTF8.self)
                == text
        )
    }

    @Test func namesTheDifferences() throws {
        let a = try JSONValue(parsing: "{\"a\":[1,2,{\"x y\":1}],\"b\":1,\"c\":{\"d\":1,\"e\":2}}")
        let b = try JSONValue(parsing: "{\"c\":{\"e\":3,\"f\":1},\"a\":[1,3,{\"x y\":2}],\"b\":1}")
        let paths = JSONDifference.paths(between: a, and: b, limit: 10).map(\.description)
        #expect(paths == ["a[1]", "a[2][\"x y\"]", "c.d", "c.e", "c.f"])
        #expect(JSONDifference.paths(between: a, and: b, limit: 2).count == 2)
        let lengths = try JSONDifference.paths(
            between: JSONValue(parsing: "{\"a\":[1]}"),
            and: JSONValue(parsing: "{\"a\":[1,2]}"),
            limit: 3
        )
        #expect(lengths.map(\.description) == ["a"])
    }

    @Test func findsWhereAValueStands() {
        let text = "{ // {\n  \"a\": [1, \"]\", {\"b\": true}],\n  \"é\": {\"c\": -1.5e3, \"c\": /* x */ 2}\n}"
        let bytes = Array(text.utf8)
        func place(_ path: JSONPath) -> String { JSONLocator.position(of: path, in: bytes).description }
        #expect(place([]) == "line 1, column 1")
        #expect(place(["a"]) == "line 2, column 8")
        #expect(place(["a", 2, "b"]) == "line 2, column 23")
        #expect(place(["é", "c"]) == "line 3, column 35")
        // What is missing belongs into the innermost thing that is there.
        #expect(place(["a", 2, "nothing", "more"]) == "line 2, column 17")
        #expect(place(["a", 9]) == "line 2, column 8")
        #expect(place(["nothing"]) == "line 1, column 1")
    }
}
