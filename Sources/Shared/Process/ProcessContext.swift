internal import Glibc
package import Logging

/// What every process sets up first: environment, settings, logger, run, notification socket.
package struct ProcessContext: Sendable {
    package let environment: ProcessEnvironment
    package let settings: Settings
    package let logger: Logger
    /// `MANAGER_RUN_ID`, or an own one for a worker that runs alone.
    package let runID: String
    /// True if a manager started this process.
    package let isSupervised: Bool
    package let notify: NotifySocket
    /// How often to send a heartbeat; `nil` without a watchdog.
    package let heartbeatInterval: Duration?

    /// Reads the environment and checks the settings.
    ///
    /// Ends the process with ``ExitCode/badConfiguration`` and one message per problem if a setting is wrong, and
    /// silently if the manager that started it is already gone. A worker that runs alone also logs the warnings;
    /// under a manager the manager has done that.
    ///
    /// - Parameters:
    ///   - logsWarnings: False for who shows them in another way.
    ///   - names: The settings that this process uses: what is wrong with others is none of a one-shot's business, and
    ///     under a manager the manager has checked them, with variables that not everybody gets. `nil`: all.
    ///   - isOneShot: Not a process that a manager could have started.
    package static func start(
        _ name: String,
        environment: ProcessEnvironment = .current(),
        logsWarnings: Bool = true,
        reads names: [String]? = nil,
        isOneShot: Bool = false
    ) -> ProcessContext {
        let isSupervised = environment[InternalVariable.runID] != nil
        if ParentDeath.isOrphan(environment: environment) { exit(ExitCode.success.rawValue) }
        let settings: Settings
        do {
            settings = try Settings(environment: environment, reads: isSupervised || isOneShot ? names : nil)
        } catch {
            // Also the line that a program reads last must be one that it can read.
            let format = environment["LOG_FORMAT"].flatMap { LogFormat(rawValue: $0.lowercased()) } ?? .text
            let logger = Logger.process(name, level: .info, format: format)
            for problem in error.problems {
                let fields = problem.fields.map { ($0, Logger.MetadataValue.string($1)) }
                logger.error("a setting is wrong", metadata: Logger.Metadata(uniqueKeysWithValues: fields))
            }
            exit(ExitCode.badConfiguration.rawValue)
        }
        let runID = environment[InternalVariable.runID]
        let logger = Logger.process(name, level: settings.logLevel, format: settings.logFormat)
        if !isSupervised, logsWarnings {
            for warning in settings.warnings {
                logger.warning("a setting is odd", metadata: ["reason": "\(warning)"])
            }
        }
        return ProcessContext(
            environment: environment,
            settings: settings,
            logger: logger,
            runID: runID ?? RunID.random(),
            isSupervised: isSupervised,
            notify: NotifySocket(environment: environment),
            heartbeatInterval: Shared.heartbeatInterval(environment: environment)
        )
    }
}

/// Identifies one run of the manager.
package enum RunID {
    /// 16 random hex digits.
    package static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(UInt64.random(in: 0...UInt64.max, using: &generator), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
