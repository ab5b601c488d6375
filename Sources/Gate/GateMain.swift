internal import ArgumentParser
internal import CGate
internal import Glibc
import Shared

/// The gate: runs in front of a mock server, waits for its contract, then becomes it.
@main
struct GateMain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait-for-contract",
        abstract: "Waits until a provider's contracts are in the Pact Broker, then runs a command in its own place.",
        discussion: GateHelp.discussion,
        version: BuildVersion.number,
        subcommands: [InstallCommand.self]
    )

    @Option(name: .customLong("provider"), help: "The provider whose contracts are waited for; may be given again.")
    var providers: [String] = []

    @Option(help: "Only the contract of this consumer with each provider.")
    var consumer: String?

    @Option(help: "The manager's health server. (default: MANAGER_URL, or \(GateSettings.defaultManagerURL))")
    var manager: String?

    @Option(
        help: "Ask this broker itself, with BROKER_USERNAME and BROKER_PASSWORD or BROKER_TOKEN, without a manager."
    )
    var broker: String?

    @Option(help: "How long to wait: 90s, 1500ms, 2m, at most 24 h. (default: 90s; with --check: 2s)")
    var timeout: String?

    @Option(help: "When the time is up: start the command without its contract, or fail with exit code 75.")
    var onTimeout = GateSettings.TimeoutPolicy.start

    @Flag(help: "Ask once, run nothing: exit code 0 if ready, else 75. For probes.")
    var check = false

    @Argument(parsing: .postTerminator, help: "The command that takes this process's place, with its arguments.")
    var command: [String] = []

    static func main() {
        cgate_restore_environment()
        cgate_prepare_signals()
        cgate_use_plain_lookup()
        let arguments = UnsafeBufferPointer(start: cgate_arguments(), count: Int(cgate_argument_count()))
        main(arguments.dropFirst().compactMap { $0.map { String(cString: $0) } })
    }

    func run() throws {
        let options = GateSettings.Options(
            providers: providers,
            consumer: consumer,
            manager: manager,
            broker: broker,
            timeout: timeout,
            onTimeout: onTimeout,
            check: check,
            command: command
        )
        let environment = ProcessEnvironment.current()
        let settings: GateSettings
        do throws(GateSettings.Problem) {
            settings = try GateSettings(options, environment: environment)
        } catch {
            throw ValidationError(error.description)
        }
        // Threads of the network code are still there: nothing may be torn down under them.
        _exit(GateMain.wait(settings, environment).rawValue)
    }

    private static func wait(_ settings: GateSettings, _ environment: ProcessEnvironment) -> GateExit {
        let outcome: GateOutcome
        do throws(SystemError) {
            outcome = try GateLoop(settings, environment).run()
        } catch {
            GateConsole.say("\(error)")
            return .failure
        }
        switch outcome.step(settings) {
        case .leave(let code): return code
        case .start:
            return CommandLaunch.execute(
                lastArguments: settings.command.count,
                adding: outcome.environment,
                name: settings.command[0]
            )
        }
    }
}

extension GateSettings.TimeoutPolicy: ExpressibleByArgument {}

/// `wait-for-contract install DIR`.
struct InstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Puts a copy of this program, which needs nothing beside it, into a directory."
    )

    @Argument(help: "The directory; the copy is DIR/wait-for-contract.")
    var directory: String

    func run() {
        do throws(Installation.Failure) {
            GateConsole.say("installed \(try Installation.install(into: directory))")
        } catch {
            GateConsole.say("cannot install: \(error)")
            _exit(GateExit.failure.rawValue)
        }
    }
}
