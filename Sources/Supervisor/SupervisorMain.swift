internal import ArgumentParser
internal import Glibc
import Shared

/// The manager: PID 1 of its container, keeps health-server, watcher and publisher alive.
@main
struct SupervisorMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manager",
        abstract: "Keeps a Pact Broker in step with a set of contracts, and tells when each is really there.",
        discussion: HelpText.settingsAndExitCodes(),
        version: BuildVersion.number,
        subcommands: [StatusCommand.self, DoctorCommand.self]
    )

    @Flag(help: "Looks at settings, contracts, state directory, workers and port; starts and creates nothing.")
    var check = false

    func run() throws {
        Shared.ExitCode.leave(check ? SupervisorRun.check() : SupervisorRun.run())
    }
}
