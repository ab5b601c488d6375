internal import Glibc
import Logging
import Shared

/// From an empty process to the loop and out again.
enum SupervisorRun {
    /// - Returns: The code to leave with.
    static func run() -> Shared.ExitCode {
        occupyStandardDescriptors()
        signal(SIGPIPE, SIG_IGN)
        let context = ProcessContext.start("manager")
        do {
            // Before any thread exists and before the first child: nobody else may take these signals.
            let signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP, SIGCHLD])
            let loop = try SupervisorLoop(try SupervisorSetup(context: context, signals: signals))
            loop.run()
            return .success
        } catch let failure as SupervisorSetup.Failure {
            context.logger.error("the manager cannot start", metadata: ["error": "\(failure.message)"])
            return failure.code
        } catch {
            context.logger.error("the manager cannot start", metadata: ["error": "\(error)"])
            return .systemFailure
        }
    }

    /// A process started with standard descriptors closed would open its sockets there and log into them.
    private static func occupyStandardDescriptors() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
    }
}
