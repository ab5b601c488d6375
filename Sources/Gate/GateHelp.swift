/// The parts of `--help` that options do not say.
enum GateHelp {
    static let discussion: String = {
        var text = """
            The command finds in its environment PACT_CONTRACT_READY (1, or 0 after a time-out), and if ready \
            PACT_CONTRACTS (a JSON list of provider, consumer, version, sha256); for a single contract \
            PACT_CONTRACT_VERSION and PACT_CONTRACT_SHA256.

            Only http:// is spoken. Exit codes, before the command runs:


            """
        for code in GateExit.allCases { text += "  \(code.rawValue)  \(code.meaning)\n" }
        return text
    }()
}
