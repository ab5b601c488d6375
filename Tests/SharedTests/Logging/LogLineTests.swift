import Logging
import Shared
import Testing

@Suite struct LogLineTests {
    let time = WallClock(milliseconds: 1_795_395_723_456)

    func line(_ message: String, _ fields: [(String, String)] = [], _ format: LogFormat = .text) -> String {
        let line = LogLine(time: time, level: .warning, worker: "publisher", message: message, fields: fields)
        return String(decoding: line.encoded(format), as: UTF8.self)
    }

    @Test func writesTextAsDocumented() {
        #expect(time.rfc3339 == "2026-11-23T01:02:03.456Z")
        #expect(line("message", [("key", "value")]) == "2026-11-23T01:02:03.456Z WARN publisher: message key=value\n")
        #expect(line("m", [("a", "x y"), ("b", "")]).hasSuffix(#" a="x y" b="""# + "\n"))
    }

    @Test func writesOneJSONObjectPerLine() {
        let text = line("message", [("http.status", "409"), ("text", "a\"b\\c\nd")], .json)
        #expect(
            text == #"{"time":"2026-11-23T01:02:03.456Z","level":"warn","worker":"publisher","message":"message","#
                + #""http.status":409,"text":"a\"b\\c\nd"}"# + "\n"
        )
    }

    /// By the field's name: what looks like a number in a text field stays a text, and what is no number where one
    /// belongs is none.
    @Test(arguments: [
        ("keys", "3", "3"), ("exit.code", "-1", "-1"), ("ready", "true", "true"), ("version", "1234567", #""1234567""#),
        ("reason", "true", #""true""#), ("keys", "01", "null"), ("keys", "3,\"x\":1", "null"), ("ready", "1", "null"),
        ("pid", "", "null"), ("http.status", "none", "null"),
    ])
    func numbersAndBooleansAreWhatTheyAre(key: String, value: String, written: String) {
        #expect(line("m", [(key, value)], .json).hasSuffix(#","\#(key)":\#(written)}"# + "\n"))
    }

    @Test(arguments: LogFormat.allCases)
    func noValueCanForgeALine(format: LogFormat) {
        let text = line(
            "m",
            [("broker.text", "x\n2026-11-23T01:02:03.456Z ERROR manager: forged\u{1b}[2J\r\0")],
            format
        )
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(!text.utf8.dropLast().contains { $0 < 0x20 })
    }

    @Test(arguments: LogFormat.allCases)
    func staysWithinSixteenKibibytes(format: LogFormat) {
        let long = String(repeating: "ä", count: 10_000)
        let text = line(long, (0..<20).map { ("field\($0)", long) }, format)
        #expect(text.utf8.count <= LogLineHandler.maximumLineBytes)
        #expect(text.contains("fields.left_out"))
        #expect(text.hasSuffix("\n"))
    }
}
