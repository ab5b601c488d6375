import Shared

/// The parts of `--help` that options do not say.
enum GateHelp {
    /// Instead of the generated one, which takes `install` for a word that every command line needs.
    static let usage = """
        wait-for-contract --provider P [--provider Q] [--consumer C]
            [--manager URL | --broker URL] [--timeout 90s]
            [--on-timeout start|fail] [--check] [-- command arguments...]
        wait-for-contract install DIR
        """

    /// Shown below the options.
    static let appendix: String =
        [
            HelpText.wrapped(
                "The command finds in its environment PACT_CONTRACT_READY (1, or 0 after a time-out), and if ready "
                    + "PACT_CONTRACTS (a JSON list of provider, consumer, version, sha256); for a single contract "
                    + "PACT_CONTRACT_VERSION and PACT_CONTRACT_SHA256. Only http:// is spoken."
            ),
            HelpText.exitCodes(GateExit.allCases.map { ($0.rawValue, $0.meaning) }),
        ]
        .joined(separator: "\n\n")

    /// What to do about a command without the two dashes before it.
    ///
    /// - Parameter message: What the command line's parser says.
    static func hint(_ message: String, arguments: [String]) -> String? {
        let isStranger = message.contains("nexpected argument") || message.hasPrefix("Unknown option")
        // Those it has a better idea for, and the subcommand's own.
        guard isStranger, !message.contains("Did you mean"), !arguments.contains("--"), arguments.first != "install"
        else { return nil }
        return "put -- before the command: wait-for-contract --provider P -- command arguments..."
    }
}
