package import Logging

/// One log line as a value: message constant, values in the fields.
package struct LogLine: Sendable {
    package var time: WallClock
    package var level: Logger.Level
    package var worker: String
    package var message: String
    /// Dotted keys and their values, in output order.
    package var fields: [(String, String)]

    package init(
        time: WallClock,
        level: Logger.Level,
        worker: String,
        message: String,
        fields: [(String, String)]
    ) {
        self.time = time
        self.level = level
        self.worker = worker
        self.message = message
        self.fields = fields
    }

    /// The line with its newline, at most ``LogLineHandler/maximumLineBytes``: a longer message or field is cut, and
    /// fields that no longer fit are left out and counted.
    package func encoded(_ format: LogFormat) -> [UInt8] {
        switch format {
        case .text: textLine()
        case .json: jsonLine()
        }
    }

    private func textLine() -> [UInt8] {
        var line = ByteLine()
        line.append("\(time.rfc3339) \(levelName.uppercased()) \(worker): ")
        line.appendEscaped(message, quotes: false)
        var left = fields.count
        for (key, value) in fields {
            var field = ByteLine()
            field.append(" ")
            field.appendEscaped(key, quotes: false)
            field.append("=")
            let quoted = value.isEmpty || value.utf8.contains { $0 <= 0x20 || $0 == 0x22 || $0 == 0x3D }
            if quoted { field.append("\"") }
            field.appendEscaped(value, quotes: quoted)
            if quoted { field.append("\"") }
            guard line.bytes.count + field.bytes.count + 40 <= LogLineHandler.maximumLineBytes else { break }
            line.bytes += field.bytes
            left -= 1
        }
        if left > 0 { line.append(" fields.left_out=\(left)") }
        line.append("\n")
        return line.bytes
    }

    private func jsonLine() -> [UInt8] {
        var line = ByteLine()
        line.append("{\"time\":\"\(time.rfc3339)\",\"level\":\"\(levelName)\",\"worker\":")
        line.appendJSONString(worker)
        line.append(",\"message\":")
        line.appendJSONString(message)
        var left = fields.count
        for (key, value) in fields {
            var field = ByteLine()
            field.append(",")
            field.appendJSONString(key)
            field.append(":")
            if let literal = LogFieldType.literal(value, of: key) {
                field.append(literal)
            } else {
                field.appendJSONString(value)
            }
            guard line.bytes.count + field.bytes.count + 40 <= LogLineHandler.maximumLineBytes else { break }
            line.bytes += field.bytes
            left -= 1
        }
        if left > 0 { line.append(",\"fields.left_out\":\(left)") }
        line.append("}\n")
        return line.bytes
    }

    private var levelName: String {
        switch level {
        case .warning: "warn"
        case .critical: "error"
        case .notice: "info"
        case .trace, .debug, .info, .error: level.rawValue
        }
    }
}

/// Bytes of a line under construction.
private struct ByteLine {
    var bytes: [UInt8] = []
    /// The longest single value; what is longer is cut with an ellipsis.
    private static let maximumValueBytes = 4 * 1024

    mutating func append(_ text: String) { bytes += Array(text.utf8) }

    /// Control characters as `\n`, `\t` or `\u{…}`-like four hex digits; quotes and backslashes only inside quotes.
    mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in StateLimits.cut(text, to: Self.maximumValueBytes).utf8 {
            switch byte {
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0x00..<0x20, 0x7F: append(hexEscape(byte))
            case 0x22 where quotes: append("\\\"")
            case 0x5C where quotes: append("\\\\")
            default: bytes.append(byte)
            }
        }
    }

    mutating func appendJSONString(_ text: String) {
        append("\"")
        appendEscaped(text, quotes: true)
        append("\"")
    }

    private func hexEscape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
