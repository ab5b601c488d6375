import ArgumentParser
import FoundationEssentials
internal import Glibc
import Logging
import Shared

/// `manager status`: what the manager on this machine is doing.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what the manager is doing: workers, broker, source, every contract with its reason.",
        discussion: "Reads the state in STATE_DIR; changes nothing. Leaves with 3 if no manager is running, with 71 if "
            + "that cannot be told because the directory may not be read."
    )

    @Flag(help: "One JSON object instead of tables.")
    var json = false

    @Flag(help: "Again every second until interrupted.")
    var watch = false

    func run() throws {
        let environment = ProcessEnvironment.current()
        // Inside the manager's container both name the same place.
        let setting = environment["STATE_DIR"]
        repeat {
            let status = StatusReader(setting: setting).read()
            let text = try json ? Self.json(status) : StatusText.lines(status).joined(separator: "\n") + "\n"
            // Clears the terminal between two looks; a pipe or file gets one after the other.
            let clear = watch && !json && isatty(STDOUT_FILENO) == 1 ? "\u{1B}[H\u{1B}[2J" : ""
            do throws(SystemError) {
                try writeAll(STDOUT_FILENO, clear + text, subject: "standard output")
            } catch {
                // The reader of a pipe has seen enough.
                if error.number == EPIPE { Shared.ExitCode.leave(.success) }
                let logger = Logger.process("manager", level: .info, format: .text)
                logger.error("the result cannot be printed", metadata: ["error": "\(error)"])
                Shared.ExitCode.leave(.systemFailure)
            }
            guard watch else { Shared.ExitCode.leave(status.exitCode) }
            sleep(1)
        } while true
    }

    private static func json(_ status: ManagerStatus) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(status), as: UTF8.self) + "\n"
    }
}
