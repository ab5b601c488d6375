internal import Glibc
import Logging
import Shared

/// From an empty process to the loop and out again.
enum SupervisorRun {
    /// - Returns: The code to leave with.
    static func run() -> Shared.ExitCode {
        occupyStandardDescriptors()
        signal(SIGPIPE, SIG_IGN)
        removeBacktracer()
        // Told in the same stream as everything else, or below if it does not come to that.
        let context = ProcessContext.start("manager", logsWarnings: false)
        do {
            // Before any thread exists and before the first child: nobody else may take these signals.
            let signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
            let loop = try SupervisorLoop(try SupervisorSetup(context: context, signals: signals))
            loop.run()
            return .success
        } catch let failure as SupervisorSetup.Failure {
            // A misspelt HEALTH_PORT may be why a port is taken.
            for warning in context.settings.warnings {
                context.logger.warning("a setting is odd", metadata: ["reason": "\(warning)"])
            }
            context.logger.error("the manager cannot start", metadata: ["error": "\(failure.message)"])
            return failure.code
        } catch {
            context.logger.error("the manager cannot start", metadata: ["error": "\(error)"])
            return .systemFailure
        }
    }

    /// - Returns: The code of the first check that failed.
    static func check() -> Shared.ExitCode {
        let context = ProcessContext.start("manager", logsWarnings: false)
        let lines = CheckReport.lines(context)
        let rows = lines.map { [$0.mark.rawValue, $0.subject, $0.text] }
        let text = TextTable.lines(rows).joined(separator: "\n") + "\n"
        do throws(SystemError) {
            try writeAll(STDOUT_FILENO, text, subject: "standard output")
        } catch {
            context.logger.error("the result cannot be printed", metadata: ["error": "\(error)"])
            return .systemFailure
        }
        return lines.first { $0.mark == .failed }?.code ?? .success
    }

    /// Gives the signals of a crash their default action back, unless somebody asked for backtraces.
    ///
    /// The Swift runtime's handlers, on by default where its backtracer is found, run for up to half a second in the
    /// midst of the supervisor, write kilobytes into its log and, as PID 1, end the container upon a signal that the
    /// kernel would not even have delivered.
    private static func removeBacktracer() {
        guard ProcessEnvironment.current()["SWIFT_BACKTRACE"] == nil else { return }
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(number, SIG_DFL) }
    }

    /// A process started with standard descriptors closed would open its sockets there and log into them.
    private static func occupyStandardDescriptors() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
    }
}
