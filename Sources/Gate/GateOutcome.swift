import Shared

/// How the wait ended.
struct GateOutcome: Equatable, Sendable {
    /// A provider without its contract, and why.
    struct Missing: Equatable, Sendable {
        var provider: String
        var reason: String
    }

    /// Of the providers that are ready, in the order in which they were named.
    var contracts: [ContractNote]
    var missing: [Missing]
    var waited: Duration

    var isReady: Bool { missing.isEmpty }

    /// What the gate does now.
    enum Step: Equatable, Sendable {
        case leave(GateExit)
        case start
    }

    func step(_ settings: GateSettings) -> Step {
        let goesOn = isReady || (!settings.check && settings.onTimeout == .start)
        guard goesOn else { return .leave(.notReady) }
        return settings.command.isEmpty ? .leave(.ready) : .start
    }

    /// The last line: what was found, and what happens now.
    func line(_ settings: GateSettings) -> String {
        let command = settings.command.first ?? ""
        let seconds = GateOutcome.seconds(waited)
        if isReady {
            let names = settings.providers.joined(separator: ", ")
            let found = settings.check ? "\(names): ready" : "\(names): ready after \(seconds)"
            return command.isEmpty ? found : "\(found); starting \(command)"
        }
        let reasons = missing.map { "\($0.provider) (\($0.reason))" }.joined(separator: ", ")
        if settings.check { return "not ready: \(reasons)" }
        let text = "gave up after \(seconds) without \(reasons)"
        switch step(settings) {
        case .start: return "\(text); starting \(command) without it, PACT_CONTRACT_READY=0"
        case .leave(.ready): return "\(text); going on without it"
        case .leave(let code): return "\(text); exit code \(code.rawValue)"
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = (duration.milliseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

extension GateOutcome {
    /// Taken out of the environment, so that nothing an outer gate said reaches the command.
    static let variables = [
        "PACT_CONTRACT_READY", "PACT_CONTRACTS", "PACT_CONTRACT_VERSION", "PACT_CONTRACT_SHA256",
    ]
    /// Linux takes 128 KiB for one variable with its name (MAX_ARG_STRLEN, execve(2)), and execve fails beyond.
    static let maximumListBytes = 120_000

    /// What the command finds in its environment: `NAME=value`.
    var environment: [String] {
        guard isReady else { return ["PACT_CONTRACT_READY=0"] }
        var result = ["PACT_CONTRACT_READY=1"]
        let list = JSONWriter.compact(.array(contracts.map(\.json)))
        if list.count <= GateOutcome.maximumListBytes {
            result.append("PACT_CONTRACTS=" + String(decoding: list, as: UTF8.self))
        }
        if contracts.count == 1, let contract = contracts.first {
            for (name, value) in [
                ("PACT_CONTRACT_VERSION", contract.version), ("PACT_CONTRACT_SHA256", contract.sha256),
            ] {
                // A control character in a name that somebody published is no value for a shell.
                guard let value, value.utf8.count <= 1024, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                    continue
                }
                result.append("\(name)=\(value)")
            }
        }
        return result
    }
}
