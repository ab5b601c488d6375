/// The parts of `--help` that all processes share.
package enum HelpText {
    /// A line of help is no longer, unless it is one long word.
    package static let width = 80

    /// A table of settings and one of exit codes.
    ///
    /// - Parameter names: The settings the process reads; `nil` for all.
    package static func settingsAndExitCodes(settings names: [String]? = nil) -> String {
        let shown = SettingCatalog.all.filter { names?.contains($0.name) ?? true }
        var text = "SETTINGS: environment variables (a secret can also be in a file named by\nNAME_FILE)\n\n"
        for setting in shown {
            let fallback = setting.defaultText.isEmpty ? "not set" : setting.defaultText
            text += "  \(setting.name) = \(fallback)\n"
            text += wrapped("\(setting.help) Allowed: \(setting.allowed).", first: "      ", others: "      ") + "\n"
        }
        return text + "\n" + exitCodes(ExitCode.allCases.map { ($0.rawValue, $0.meaning) })
    }

    /// A table of exit codes; lines that do not fit go on below the meaning.
    package static func exitCodes(_ codes: [(number: Int32, meaning: String)]) -> String {
        let lines = codes.map { code in
            let label = "  \(code.number)"
            let padding = String(repeating: " ", count: max(1, 7 - label.count))
            return wrapped(code.meaning, first: label + padding, others: String(repeating: " ", count: 7))
        }
        return "EXIT CODES:\n\n" + lines.joined(separator: "\n")
    }

    /// `text` in lines of at most ``width``, broken at spaces.
    ///
    /// - Parameters:
    ///   - first: What the first line begins with.
    ///   - others: What every other one begins with.
    package static func wrapped(_ text: String, first: String = "", others: String = "") -> String {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                (line, isEmpty) = (others, true)
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
