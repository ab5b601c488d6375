/// The parts of `--help` that all processes share.
package enum HelpText {
    /// A table of settings and one of exit codes.
    ///
    /// - Parameter names: The settings the process reads; `nil` for all.
    package static func settingsAndExitCodes(settings names: [String]? = nil) -> String {
        let shown = SettingCatalog.all.filter { names?.contains($0.name) ?? true }
        var text = "Settings are environment variables (a secret can also be in a file named by NAME_FILE):\n\n"
        for setting in shown {
            let fallback = setting.defaultText.isEmpty ? "not set" : setting.defaultText
            text += "  \(setting.name) = \(fallback)\n      \(setting.help) Allowed: \(setting.allowed).\n"
        }
        text += "\nExit codes:\n\n"
        for code in ExitCode.allCases { text += "  \(code.rawValue)  \(code.meaning)\n" }
        return text
    }
}
