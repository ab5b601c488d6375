internal import CGate
import Shared

/// The lines for people, on standard error.
enum GateConsole {
    /// At most so many bytes, so that a pipe takes a line whole or not at all.
    private static let maximumBytes = 4000

    static func say(_ text: String) {
        var bytes = line(text)
        bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { cgate_write_line($0.baseAddress, $0.count) }
        }
    }

    /// Control characters, which a server may have sent, become `\xNN`: a line stays a line, and a terminal as it is.
    static func line(_ text: String) -> [UInt8] {
        var visible = ""
        for scalar in StateLimits.cut(text, to: maximumBytes / 4).unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            if isControl {
                let digits = String(scalar.value, radix: 16)
                visible += "\\x\(digits.count < 2 ? "0" : "")\(digits)"
            } else {
                visible.unicodeScalars.append(scalar)
            }
        }
        return Array("wait-for-contract: \(visible)\n".utf8)
    }
}
