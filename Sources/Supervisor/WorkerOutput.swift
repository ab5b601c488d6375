import Logging
import Shared

/// What becomes of a line that a worker wrote.
enum WorkerOutput {
    /// The line as it goes to standard output, with its newline.
    ///
    /// Our own lines carry the worker's name already and pass unchanged; anything else (a crash report, a library's
    /// message) is given a time and the worker's name in the chosen form, control characters escaped.
    static func line(_ bytes: ArraySlice<UInt8>, worker: WorkerName, format: LogFormat, now: WallClock) -> [UInt8] {
        if isOurs(bytes, format: format) { return Array(bytes) + [0x0A] }
        var text = bytes
        if text.last == 0x0D { text.removeLast() }
        return LogLine(
            time: now,
            level: .info,
            worker: worker.rawValue,
            message: "output",
            fields: [("text", String(decoding: text, as: UTF8.self))]
        )
        .encoded(format)
    }

    private static func isOurs(_ bytes: ArraySlice<UInt8>, format: LogFormat) -> Bool {
        switch format {
        case .json: return bytes.starts(with: #"{"time":""#.utf8) && bytes.last == UInt8(ascii: "}")
        case .text:
            // 2026-11-23T01:02:03.456Z LEVEL …
            guard bytes.count > 26 else { return false }
            let time = bytes.prefix(25)
            let shape = Array("dddd-dd-ddTdd:dd:dd.dddZ ".utf8)
            return zip(time, shape)
                .allSatisfy { byte, expected in
                    expected == UInt8(ascii: "d") ? (0x30...0x39).contains(byte) : byte == expected
                }
        }
    }
}
