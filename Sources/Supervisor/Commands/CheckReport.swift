internal import CLinux
internal import Glibc
import Shared

/// `manager --check`: everything that would keep the manager from starting, tried without starting it.
enum CheckReport {
    /// One thing that was tried.
    struct Line: Equatable {
        var isGood: Bool
        var subject: String
        var text: String
        /// What the manager would leave with.
        var code: Shared.ExitCode
    }

    /// Tries it all; the settings have been found valid.
    static func lines(settings: Settings) -> [Line] {
        [stateDirectory(settings), workers(settings), port(settings)]
            + settings.warnings.map { Line(isGood: true, subject: "warning", text: $0, code: .success) }
    }

    private static func stateDirectory(_ settings: Settings) -> Line {
        do throws(StateError) {
            let directory = try StateDirectory.prepare(setting: settings.stateDirectory)
            if let holder = StateLocks.holder(.manager, in: directory) {
                let text = "\(directory.path): another manager owns it: \(holder)"
                return Line(isGood: false, subject: "STATE_DIR", text: text, code: .alreadyOwned)
            }
            return Line(isGood: true, subject: "STATE_DIR", text: directory.path, code: .success)
        } catch {
            return Line(isGood: false, subject: "STATE_DIR", text: error.description, code: .badConfiguration)
        }
    }

    private static func workers(_ settings: Settings) -> Line {
        do throws(SupervisorSetup.Failure) {
            let directory = try SupervisorSetup.workerDirectory(settings)
            return Line(isGood: true, subject: "workers", text: "all in \(directory)", code: .success)
        } catch {
            return Line(isGood: false, subject: "workers", text: error.message, code: error.code)
        }
    }

    private static func port(_ settings: Settings) -> Line {
        do throws(ListeningSocketError) {
            let socket = try ListeningSocket.open(environment: ProcessEnvironment([:]), settings: settings)
            defer { _ = close(socket) }
            let text = "\(settings.healthHost) port \(ListeningSocket.port(socket)) is free"
            return Line(isGood: true, subject: "HEALTH_PORT", text: text, code: .success)
        } catch {
            return Line(isGood: false, subject: "HEALTH_PORT", text: error.description, code: .systemFailure)
        }
    }
}
