import ArgumentParser
import Shared
import SharedHTTP

/// The command line of `watcher`.
struct WatcherCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watcher",
        abstract: "Keeps the desired set of contracts, from a mounted ConfigMap or any directory, in the shared state.",
        discussion: settingsText + "\n\n" + exitCodesText,
        version: BuildVersion.number
    )

    @Flag(help: "Print the desired set and exit; touches no shared state.")
    var once = false

    @Flag(help: "Look at the contracts and the way to them, say what is wrong and what to do, and exit.")
    var doctor = false

    @Flag(help: "With --once: print JSON instead of a table. With --doctor: a line of JSON for each result.")
    var json = false

    @Option(help: ArgumentHelp("With --once: read this directory instead of CONFIGMAP_PATH.", valueName: "directory"))
    var contracts: String?

    func validate() throws {
        if once, doctor { throw ValidationError("--once and --doctor exclude each other") }
        if !once, json && !doctor || contracts != nil { throw ValidationError("--json and --contracts need --once") }
        if contracts?.isEmpty == true { throw ValidationError("--contracts needs the path of a directory") }
    }

    func run() throws {
        CurlMulti.keepThreadsSmall()
        if doctor { DoctorRun.run(json: json) }
        let context = ProcessContext.start("watcher", reads: Self.settings, isOneShot: once)
        let code = once ? OnceRun.run(context, contracts: contracts, json: json) : WatcherRun.run(context)
        throw ArgumentParser.ExitCode(code.rawValue)
    }

    /// The settings this process uses; all others are checked, not used.
    static let settings = [
        "CONTRACT_SOURCE", "NAMESPACE", "CONFIGMAP_NAME", "CONFIGMAP_PATH", "KUBERNETES_API_URL",
        "KUBERNETES_TOKEN_FILE", "KUBERNETES_CA_FILE", "STATE_DIR", "LOG_LEVEL", "LOG_FORMAT",
    ]

    private static let settingsText =
        "Environment:\n"
        + settings.compactMap { name in
            SettingCatalog.definition(name).map { "  \(name) (\($0.defaultText)): \($0.help) Allowed: \($0.allowed)." }
        }
        .joined(separator: "\n")

    private static let exitCodesText =
        "Exit codes:\n"
        + [Shared.ExitCode.success, .failure, .usage, .systemFailure, .alreadyOwned, .badConfiguration]
        .map { "  \($0.rawValue): \($0.meaning)" }.joined(separator: "\n")
}
