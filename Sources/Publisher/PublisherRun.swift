import Glibc
import Logging
import Shared

/// Sets the continuous publisher up and says why if that fails.
enum PublisherRun {
    /// The settings this process reads, for `--help`.
    static let settings = [
        "BROKER_URL", "BROKER_USERNAME", "BROKER_PASSWORD", "BROKER_TOKEN", "BROKER_CA_FILE",
        "BROKER_CLIENT_CERT_FILE", "BROKER_CLIENT_KEY_FILE", "BROKER_HEALTH_PATH",
        "GIT_BRANCH", "GIT_COMMIT", "BUILD_URL", "BROKER_TAGS", "VERSION_POLICY", "CREATE_PACTICIPANTS",
        "CHECK_INTERVAL_SECS", "BROKER_TIMEOUT_SECS", "STATE_DIR", "LOG_LEVEL", "LOG_FORMAT", "BROKER_PORT",
        "PUBLISHED_FLAG_PATH",
    ]

    static func run() -> Never {
        let context = ProcessContext.start("publisher", reads: settings)
        do {
            // Before the first thread exists: threads inherit the mask.
            let signals = try SignalDescriptor([SIGTERM, SIGINT])
            let loop = try PublisherLoop(context: context, signals: signals, directory: directory(context))
            loop.run()
        } catch let error as StateError {
            context.logger.error("publisher cannot start", error: error)
            if case .locked = error { ExitCode.leave(.alreadyOwned) }
            ExitCode.leave(.badConfiguration)
        } catch {
            context.logger.error("publisher cannot start", error: error)
            ExitCode.leave(.systemFailure)
        }
    }

    /// The manager's directory, or our own if we run alone. One that cannot be written is no reason to end: the writers
    /// declare it and try again.
    private static func directory(_ context: ProcessContext) throws(StateError) -> StateDirectory {
        try StateDirectory.forWriter(
            resolved: context.environment[InternalVariable.stateDirectory],
            setting: context.settings.stateDirectory
        )
    }
}
