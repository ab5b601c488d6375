internal import ArgumentParser
import Shared
import SharedHTTP

/// The publisher: makes the broker agree with the desired set, and proves it by reading back.
@main
struct PublisherMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publisher",
        abstract: "Publishes contracts to a Pact Broker and proves that they are there.",
        discussion: HelpText.settingsAndExitCodes(settings: PublisherRun.settings),
        version: BuildVersion.number
    )

    @Flag(help: "Publish a directory, prove it, print a table and exit; touches no state, lock or port.")
    var once = false

    @Option(
        parsing: .upToNextOption,
        help: "With --once: directories (their *.json, not subdirectories) and files; several may be given."
    )
    var contracts: [String] = []

    @Flag(name: .customLong("dry-run"), help: "With --once: show what would be published, send nothing.")
    var dryRun = false

    @Option(help: "With --once: text for a table, json for one object, on standard output.")
    var output: OnceOutput = .text

    @Flag(help: "Look at the broker and the way there, say what is wrong and what to do, and exit; publishes nothing.")
    var doctor = false

    @Flag(help: "With --once: the same as --output json. With --doctor: a line of JSON for each result.")
    var json = false

    @OptionGroup
    var build: BuildOptions

    @Option(help: "With --once: give up when the broker could not be used for that long (for example 30s, 2m).")
    var timeout: WaitingTime = WaitingTime(duration: .seconds(60))

    func validate() throws {
        if once, contracts.isEmpty { throw ValidationError("--once needs --contracts DIR or FILE") }
        if once, doctor { throw ValidationError("--once and --doctor exclude each other") }
        if !once, !contracts.isEmpty || dryRun || json && !doctor || output != .text || !build.isEmpty {
            throw ValidationError("these options need --once")
        }
    }

    func run() throws {
        CurlMulti.keepThreadsSmall()
        if doctor { DoctorRun.run(json: json) }
        guard once else { PublisherRun.run() }
        let output: OnceOutput = json ? .json : output
        OnceRun(paths: contracts, isDryRun: dryRun, output: output, build: build, timeout: timeout.duration).run()
    }
}
