import Shared
import Testing

/// Against what a real broker (2.120.0) answered for each document of Tests/Fixtures/sha-vectors.
@Suite struct PactContentSHATests {
    private static let fixtures = "Tests/Fixtures/sha-vectors/"

    private func document(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: String(decoding: Repository.bytes(Self.fixtures + name + ".json"), as: UTF8.self))
    }

    @Test func equalsTheBrokersAnswerForEveryVector() throws {
        let rows = try Repository.table(Self.fixtures + "vectors.tsv")
        #expect(rows.count == 38)
        for row in rows where row[3] == "201" {
            #expect(try PactContentSHA.of(document(row[0])) == row[2], "\(row[0])")
        }
        #expect(rows.filter { $0[3] == "201" }.count == 37)
    }

    @Test func hashesTheTextThatTheBrokerHashes() throws {
        let rows = try Repository.table(Self.fixtures + "canonical.tsv").filter { !$0[2].hasPrefix("ERR") }
        #expect(rows.count == 37)
        for row in rows {
            let text = try PactContentSHA.hashedText(of: document(row[0])).map { String(decoding: $0, as: UTF8.self) }
            // Compared as bytes: Swift's == would hide a changed normalisation.
            #expect(text?.hasSameBytes(as: row[2]) == true, "\(row[0])")
        }
    }

    @Test func theVectorFilesAreThoseTheBrokerSaw() throws {
        for row in try Repository.table(Self.fixtures + "vectors.tsv") {
            #expect(try ContentHash.sha1Hex(Repository.bytes(Self.fixtures + row[0] + ".json")) == row[1], "\(row[0])")
        }
    }

    @Test func refusesTheLoneSurrogateAsTheBrokerDoes() throws {
        let bytes = try Repository.bytes(Self.fixtures + "lone-surrogate.json")
        let error = #expect(throws: ContractError.self) { try Contract.parse(key: "a.json", bytes: bytes) }
        #expect(error?.message.contains("surrogate") == true)
        #expect(error?.line == 1)
        #expect(error?.column == 87)
    }

    /// Forms that the json gem's generator gives, at the limits of its plain notation.
    @Test(arguments: [
        ("100000000000000.0", "100000000000000.0"), ("1000000000000000.0", "1e+15"),
        ("123456789012345680.0", "1.2345678901234568e+17"),
        ("1e-6", "0.000001"), ("1e-7", "0.0000001"), ("1e-10", "1e-10"), ("1.5e-7", "0.00000015"),
        ("1.5e-10", "1.5e-10"), ("1e23", "1e+23"),
        ("-2.50", "-2.5"), ("0.0", "0.0"), ("-0.0", "-0.0"), ("4.9e-324", "5e-324"), ("1e-400", "0.0"),
        ("12.0e0", "12.0"),
    ])
    func printsFloatsAsRuby(lexeme: String, expected: String) throws {
        let text = try PactContentSHA.hashedText(of: JSONValue(parsing: "{\"interactions\":[\(lexeme)]}"))
        #expect(text.map { String(decoding: $0, as: UTF8.self) } == "{\"interactions\":[\(expected)]}")
    }

    @Test func hasNoAnswerForAFloatBeyondADouble() throws {
        #expect(try PactContentSHA.of(JSONValue(parsing: "{\"interactions\":[1e400]}")) == nil)
    }
}
