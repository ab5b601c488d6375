import CLinux
import FoundationEssentials
import TestSupport
import Testing

@testable import Shared

@Suite struct StartMemoryTests {
    /// Resident pages of files, of this whole process (proc(5), statm).
    private var residentFilePages: Int {
        get throws {
            let text = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/statm")), as: UTF8.self)
            return try #require(Int(text.split(separator: " ")[2]))
        }
    }

    @Test func `pages that only the start needed are given back, and everything still works`() throws {
        let text = Array(#"{"a":[1,2.5,null,"é"]}"#.utf8)
        let sha = PactContentSHA.of(try JSONReader.parse(text))
        let before = try residentFilePages
        clinux_release_start_memory()
        #expect(try residentFilePages < before / 2)
        #expect(PactContentSHA.of(try JSONReader.parse(text)) == sha)
        #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(Array("{".utf8)) }
    }

    @Test func `once, and not before the start is over`() throws {
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        var memory = StartMemory(now: start)
        let released = [4, 5, 6].map { memory.release(now: start + .seconds($0)) }
        #expect(released == [false, true, false])
    }
}
