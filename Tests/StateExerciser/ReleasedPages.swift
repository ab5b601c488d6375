internal import FoundationEssentials
internal import Shared

/// What the start's memory is worth, in a process in which nobody else touches pages meanwhile.
enum ReleasedPages {
    /// - Returns: The exit code: 1 if code that was used before does something else now.
    static func run() throws -> Int32 {
        let start = MonotonicTime.now()
        var memory = StartMemory(now: start)
        let earlier = try work()
        let before = try residentFilePages()
        let isReleased = memory.release(now: start + .seconds(5))
        let after = try residentFilePages()
        StateExerciserMain.say("\(before) \(after)")
        return try isReleased && work() == earlier ? 0 : 1
    }

    /// Something of everything: Swift's library, Foundation, ours; an error that is thrown and caught.
    private static func work() throws -> String {
        let sha = PactContentSHA.of(try JSONReader.parse(Array(#"{"a":[1,2.5,null,"é"]}"#.utf8)))
        do {
            _ = try JSONReader.parse(Array("{".utf8))
            return "no error"
        } catch {
            return "\(sha ?? "none") \(error) \(Date(timeIntervalSince1970: 0).ISO8601Format())"
        }
    }

    /// Resident pages of files (proc(5), statm).
    private static func residentFilePages() throws -> Int {
        let text = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/statm")), as: UTF8.self)
        return Int(text.split(separator: " ")[2]) ?? 0
    }
}
