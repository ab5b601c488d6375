import Shared
import TestSupport
import Testing

/// What `manager doctor` prints, and docs/doctor.md, which people go by.
@Suite struct DoctorOutputTests {
    private static let lines: [DoctorLine] = [
        .good(.settingsValues, "all valid"),
        .wrong(.brokerTCP, "127.0.0.1:1 Connection refused"),
        .odd(.brokerVersion, OwnSentence("old; update it")),
        .odd(.sourceMount, "an escape \u{1B}[31m", "look"),
    ]

    @Test func thePageNamesEveryCheckAsTheCodeDoes() throws {
        let page = try RepositoryFile.text("docs/doctor.md").split(separator: "\n").map(String.init)
        let expected = DoctorCheck.table
        let start = try #require(page.firstIndex(of: expected[0]), "\(expected.joined(separator: "\n"))")
        let found = Array(page[start...].prefix { $0.hasPrefix("|") })
        #expect(found == expected, "\(expected.joined(separator: "\n"))")
    }

    @Test func idsAndTextsAreFitForATable() {
        let ids = DoctorCheck.allCases.map(\.rawValue)
        #expect(Set(ids).count == ids.count)
        // A check that was forgotten where the texts are has those of another one.
        #expect(Set(DoctorCheck.allCases.map(\.meaning)).count == ids.count)
        for check in DoctorCheck.allCases {
            #expect(check.rawValue.allSatisfy { $0.isLowercase || $0 == "." || $0 == "_" }, "\(check)")
            for text in [check.meaning, check.remedy] {
                #expect(!text.contains("|") && text.hasSuffix("."), "\(check): \(text)")
            }
        }
        // A group is shown in one piece.
        let groups = DoctorCheck.allCases.map(\.group)
        var order: [String] = []
        for group in groups where order.last != group { order.append(group) }
        #expect(Set(order).count == order.count)
    }

    @Test func everyLineSurvivesThePipe() throws {
        for line in Self.lines {
            let text = DoctorOutput.line(line.json)
            #expect(text.hasSuffix("\n") && text.dropLast().allSatisfy { !$0.isNewline })
            #expect(DoctorLine(try JSONReader.parse(Array(text.utf8))) == line)
        }
        for bad in [
            #"{"id":"nothing.such","status":"ok","found":""}"#, #"{"id":"broker.tcp","status":"fine","found":""}"#,
        ] {
            #expect(DoctorLine(try JSONReader.parse(Array(bad.utf8))) == nil)
        }
    }

    @Test func aRemedyIsTheLinesOwnOrThatOfOurSentenceOrTheChecks() {
        #expect(Self.lines[0].remedy.isEmpty)
        #expect(Self.lines[1].remedy == DoctorCheck.brokerTCP.remedy)
        #expect(Self.lines[2].found == "old" && Self.lines[2].remedy == "update it")
        #expect(Self.lines[3].remedy == "look")
        #expect(DoctorLine.odd(.brokerVersion, OwnSentence("old")).remedy == DoctorCheck.brokerVersion.remedy)
        // What was found may be anybody's words.
        let foreign = "down; run this"
        for line in [DoctorLine.odd(.brokerVersion, foreign), .wrong(.brokerVersion, foreign)] {
            #expect(line.found == foreign && line.remedy == DoctorCheck.brokerVersion.remedy)
        }
        #expect(Self.lines[1].asOdd.mark == .odd && Self.lines[0].asOdd.mark == .good)
        #expect(DoctorLine.wrong(.brokerTCP, String(repeating: "x", count: 9000)).found.utf8.count < 2100)
    }

    @Test(arguments: [
        ("a", "a", nil), ("a; b", "a", "b"),
        ("file 'x; y.json' is odd; rename it", "file 'x; y.json' is odd", "rename it"),
        ("a;b", "a;b", nil),
    ])
    func theWayOutOfOurSentenceIsBehindItsLastSemicolon(text: String, trouble: String, wayOut: String?) {
        let sentence = OwnSentence(text)
        #expect(sentence.trouble == trouble && sentence.wayOut == wayOut)
    }

    @Test func theTextIsGroupedAndDrivesNoTerminal() {
        let text = DoctorOutput.text(Self.lines)
        let expected = """
            Settings
              ok    settings.values  all valid

            Broker
              fail  broker.tcp       127.0.0.1:1 Connection refused
                                     → \(DoctorCheck.brokerTCP.remedy)
              warn  broker.version   old
                                     → update it

            Contracts
              warn  source.mount     an escape \\u{1B}[31m
                                     → look

            1 ok, 2 warn, 1 fail

            """
        #expect(text == expected)
    }

    @Test func theDocumentHasVersionVerdictAndAllLines() throws {
        let json = try JSONReader.parse(Array(DoctorOutput.document(Self.lines).utf8))
        #expect(json["version"]?.string == BuildVersion.number && json["healthy"]?.bool == false)
        #expect(json["checks"]?.array?.compactMap { DoctorLine($0) } == Self.lines)
        let odd = try JSONReader.parse(Array(DoctorOutput.document([Self.lines[2]]).utf8))
        #expect(odd["healthy"]?.bool == true)
    }
}
