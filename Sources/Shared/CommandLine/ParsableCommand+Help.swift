package import ArgumentParser

extension ParsableCommand {
    /// As `main(_:)`, with more help and better errors.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name; `nil`: this process's.
    ///   - appendix: What `--help` of this command (of no subcommand) says below the options: the library puts a
    ///     discussion above the usage, where a long one hides it, and wraps it without its indentation.
    ///   - hint: For the message of a wrong usage, one sentence more.
    package static func run(
        _ arguments: [String]? = nil,
        appendix: @autoclosure () -> String,
        hint: (String) -> String? = { _ in nil }
    ) {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            let text = message(for: error)
            let code = exitCode(for: error)
            if code == .success, text == helpMessage() {
                let end = text.hasSuffix("\n") ? "\n" : "\n\n"
                exit(withError: CleanExit.message(text + end + appendix()))
            }
            if code == .validationFailure, let hint = hint(text) {
                exit(withError: ValidationError("\(text); \(hint)"))
            }
            exit(withError: error)
        }
    }
}
