internal import Glibc

/// What `publisher --doctor` and `watcher --doctor` have in common.
package enum DoctorWorker {
    /// The settings, or a line for each that this worker cannot do without.
    package enum Start {
        case settings(Settings)
        case refused([DoctorLine])
    }

    /// Reads the settings that this worker uses; unlike any other start, a bad one ends nothing.
    package static func start(_ environment: ProcessEnvironment, reads names: [String]) -> Start {
        do throws(SettingsError) {
            return .settings(try Settings(environment: environment, reads: names))
        } catch {
            return .refused(error.doctorLines)
        }
    }

    /// Prints what was found and ends the process: threads that still ask a silent name server are left behind.
    ///
    /// - Parameter json: One line of JSON each, and ``DoctorOutput/end``.
    package static func finish(_ lines: [DoctorLine], json: Bool) -> Never {
        var text = DoctorOutput.text(lines)
        if json { text = (lines.map(\.json) + [DoctorOutput.end]).map(DoctorOutput.line).joined() }
        do throws(SystemError) {
            try writeAll(STDOUT_FILENO, text, subject: "standard output")
        } catch {
            _exit(ExitCode.systemFailure.rawValue)
        }
        _exit(DoctorOutput.isHealthy(lines) ? ExitCode.success.rawValue : ExitCode.failure.rawValue)
    }
}

extension SettingsError {
    /// A line for each.
    package var doctorLines: [DoctorLine] {
        problems.map { problem in
            let value = problem.value == Problem.secret ? problem.value : "'\(problem.value)'"
            return .wrong(.settingsValues, "\(problem.setting)=\(value) is not usable", problem.reason)
        }
    }
}
