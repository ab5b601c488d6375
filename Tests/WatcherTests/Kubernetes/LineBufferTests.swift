import Shared
import Testing

@testable import Watcher

@Suite("Lines out of the pieces of a stream")
struct LineBufferTests {
    private func lines(_ parts: [[UInt8]]) -> [[UInt8]] {
        var buffer = LineBuffer()
        var lines: [[UInt8]] = []
        for part in parts {
            part.withUnsafeBytes { buffer.append($0) }
            while let line = buffer.next() { lines.append(line) }
        }
        return lines
    }

    @Test("A recording cut anywhere gives the same events")
    func everySplit() throws {
        let recorded =
            try KubernetesTranscript("07b-410-after-restart.txt").watchLines
            + KubernetesTranscript("03-watch-added-modified-deleted.txt").watchLines.suffix(2)
        let bytes = utf8(recorded.joined(separator: "\n") + "\n")
        let whole = lines([bytes])
        #expect(whole == recorded.map(utf8))
        for cut in 0...bytes.count {
            #expect(lines([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
        }
        #expect(lines(bytes.map { [$0] }) == whole)
    }

    @Test("A megabyte that was given out is given back")
    func memory() {
        var buffer = LineBuffer()
        for _ in 1...3 {
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            (line + utf8("\n")).withUnsafeBytes { buffer.append($0) }
            #expect(buffer.next() == line)
            #expect(buffer.next() == nil)
            #expect(buffer.capacity < 1 << 10)
        }
    }

    @Test("Lines end with LF or CR LF; empty ones and one without its end are passed over")
    func ends() {
        #expect(lines([utf8("a\n\nb\r\n\r\n\n c \r\nd")]) == [utf8("a"), utf8("b"), utf8(" c ")])
        #expect(lines([utf8("a\r"), utf8("\nb\n")]) == [utf8("a"), utf8("b")])
        #expect(lines([utf8("a\rb\n")]) == [utf8("a\rb")], "a CR alone ends no line")
        #expect(lines([[], utf8("\n"), [], utf8("\r\n")]) == [])
    }

    @Test("Whatever bytes: they come out as they went in")
    func notUTF8() {
        let bytes: [UInt8] = [0xFF, 0xFE, 0, 0x0D, 0x80, 0x0A, 0xC3, 0x0A]
        #expect(lines([bytes]) == [[0xFF, 0xFE, 0, 0x0D, 0x80], [0xC3]])
        #expect(throws: WatchEventError.self) { try WatchEvent(line: [0xFF, 0xFE]) }
    }

    @Test("A line of 4 MB in pieces of 16 KiB, with others around it")
    func longLine() {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 4_000_000)
        let bytes = utf8("a\n") + long + utf8("\nb\n")
        let parts = stride(from: 0, to: bytes.count, by: 16_384)
            .map { Array(bytes[$0..<min($0 + 16_384, bytes.count)]) }
        #expect(lines(parts) == [utf8("a"), long, utf8("b")])
    }

    @Test("Over 5 MiB the line is too long, with its end or before; at the limit it is not")
    func tooLong() {
        for (count, end, isTooLong) in [
            (LineBuffer.limit, "\n", false), (LineBuffer.limit + 1, "\n", true), (LineBuffer.limit + 1, "", true),
            (LineBuffer.limit, "", false),
        ] {
            var buffer = LineBuffer()
            let bytes = utf8("a\n") + [UInt8](repeating: UInt8(ascii: "x"), count: count) + utf8(end)
            bytes.withUnsafeBytes { buffer.append($0) }
            #expect(buffer.next() == utf8("a"), "what came before counts")
            #expect(!buffer.isTooLong)
            let line = buffer.next()
            #expect(buffer.isTooLong == isTooLong)
            #expect((line != nil) == (!isTooLong && !end.isEmpty))
        }
    }

    @Test("A hundred thousand short lines in one piece take a moment, not minutes")
    func manyLines() {
        let bytes = utf8(String(repeating: "0123456789\n", count: 100_000))
        let start = MonotonicTime.now()
        #expect(lines([bytes]).count == 100_000)
        #expect(MonotonicTime.now() - start < .seconds(5))
    }

    @Test("Random lines in random pieces")
    func random() {
        var random = JitterSource(seed: 7)
        func below(_ bound: Int) -> Int { Int(random.next() * Double(bound)) }
        for _ in 0..<200 {
            var expected: [[UInt8]] = []
            var bytes: [UInt8] = []
            for _ in 0..<below(12) {
                let line = (0..<below(30)).map { _ in UInt8(11 + below(245)) }.filter { $0 != 13 }
                if !line.isEmpty { expected.append(line) }
                bytes += line + (below(2) == 0 ? [10] : [13, 10])
            }
            var parts: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                parts.append(Array(rest.prefix(1 + below(20))))
                rest = rest.dropFirst(parts[parts.count - 1].count)
            }
            #expect(lines(parts) == expected)
        }
    }
}
