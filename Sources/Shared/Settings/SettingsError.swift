/// What is wrong with the settings: every problem at once, each with its variable, value and allowed range.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    package var problems: [String]

    package init(problems: [String]) {
        self.problems = problems
    }

    package var description: String { problems.joined(separator: "\n") }
}
