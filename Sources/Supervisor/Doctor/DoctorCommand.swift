import ArgumentParser
internal import Glibc
import Logging
import Shared

/// `manager doctor`: what is wrong, and what to do about it.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at everything that the manager needs, and says what is wrong and what to do about it.",
        discussion:
            "With the manager's own environment: settings, broker, contracts, port, state directory, limits. Asks "
            + "the broker and the Kubernetes API, publishes and changes nothing, and may run beside a manager. Leaves "
            + "with 1 if a line says fail. docs/doctor.md explains every line. Unlike --check it uses the network: it "
            + "runs `publisher --doctor` and `watcher --doctor`."
    )

    @Flag(help: "One JSON object instead of text.")
    var json = false

    @Option(help: ArgumentHelp("How long each of the two workers may take.", valueName: "seconds"))
    var timeout = 45

    func validate() throws {
        guard (1...600).contains(timeout) else { throw ValidationError("--timeout must be 1 to 600 seconds") }
    }

    func run() throws {
        let lines = DoctorRun.lines(.current(), timeout: timeout)
        let text = json ? DoctorOutput.document(lines) : DoctorOutput.text(lines)
        do throws(SystemError) {
            try writeAll(STDOUT_FILENO, text, subject: "standard output")
        } catch {
            let logger = Logger.process("manager", level: .info, format: .text)
            logger.error("the result cannot be printed", metadata: ["error": "\(error)"])
            Shared.ExitCode.leave(.systemFailure)
        }
        Shared.ExitCode.leave(DoctorOutput.isHealthy(lines) ? .success : .failure)
    }
}
