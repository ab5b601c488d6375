internal import ArgumentParser
internal import Glibc
import Shared
import SharedCommandLine

/// The manager: PID 1 of its container, keeps health-server, watcher and publisher alive.
@main
struct SupervisorMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manager",
        abstract: "Keeps a Pact Broker in step with a set of contracts, and tells when each is really there.",
        usage: """
            manager [--check]
            manager status [--json] [--watch]
            manager doctor [--json] [--timeout <seconds>]
            """,
        version: BuildVersion.number,
        subcommands: [StatusCommand.self, DoctorCommand.self]
    )

    @Flag(help: "Looks at settings, contracts, state directory, workers and port; starts and creates nothing.")
    var check = false

    static func main() { run(appendix: HelpText.settingsAndExitCodes()) }

    func run() throws {
        Shared.ExitCode.leave(check ? SupervisorRun.check() : SupervisorRun.run())
    }
}
