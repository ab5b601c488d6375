internal import ArgumentParser
internal import Glibc
import Shared
import SharedCommandLine

/// The health server: answers probes and mock servers from the shared state, which it only reads.
@main
struct HealthServerMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health-server",
        abstract: "Answers probes, and tells when a provider's contracts are in the broker.",
        version: BuildVersion.number
    )

    static func main() { run(appendix: HelpText.settingsAndExitCodes(settings: HealthServerRun.settings)) }

    func run() throws {
        // The thread that watches the state never ends, so nothing may be torn down under it.
        let code = HealthServerRun.run()
        _exit(code.rawValue)
    }
}
