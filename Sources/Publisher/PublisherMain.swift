internal import ArgumentParser
import Shared

/// The publisher: makes the broker agree with the desired set, and proves it by reading back.
@main
struct PublisherMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publisher",
        abstract: "Publishes contracts to a Pact Broker and proves that they are there.",
        discussion: HelpText.settingsAndExitCodes(settings: PublisherRun.settings),
        version: "publisher \(BuildVersion.number)"
    )

    @Flag(help: "Publish a directory, prove it, print a table and exit; touches no state, lock or port.")
    var once = false

    @Option(help: "With --once: the directory with the contracts (*.json, not its subdirectories).")
    var contracts: String?

    @Flag(name: .customLong("dry-run"), help: "With --once: show what would be published, send nothing.")
    var dryRun = false

    @Flag(help: "With --once: print JSON instead of a table.")
    var json = false

    @Option(help: "With --once: give up when the broker could not be used for that long (for example 30s, 2m).")
    var timeout: WaitingTime = WaitingTime(duration: .seconds(60))

    func validate() throws {
        if once, contracts == nil { throw ValidationError("--once needs --contracts DIR") }
        if !once, contracts != nil || dryRun || json { throw ValidationError("these options need --once") }
    }

    func run() throws {
        guard once, let contracts else { PublisherRun.run() }
        OnceRun(directory: contracts, isDryRun: dryRun, printsJSON: json, timeout: timeout.duration).run()
    }
}
