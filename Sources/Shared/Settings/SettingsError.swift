/// What is wrong with the settings: every problem at once, each with its variable, value and allowed range.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    package var problems: [Problem]

    /// One bad value.
    package struct Problem: Equatable, Sendable, CustomStringConvertible {
        /// The variable's name.
        package var setting: String
        /// As it is set, cut; `(secret)` for a secret.
        package var value: String
        static let secret = "(secret)"

        /// What is wrong, or what would be right.
        package var reason: String

        package var description: String {
            "\(setting)=\(value == Self.secret ? value : "'\(value)'") is not usable; \(reason)"
        }

        /// For a log line.
        package var fields: [(String, String)] { [("setting", setting), ("value", value), ("reason", reason)] }
    }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
