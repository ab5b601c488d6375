import Glibc
import Logging
import Shared
import SharedHTTP

/// `publisher --once`: the same plan and client as the loop, fed from a directory, until everything is settled.
struct OnceRun {
    /// Directories and files.
    let paths: [String]
    let isDryRun: Bool
    let output: OnceOutput
    let build: BuildOptions
    /// How long the broker may be unusable, or nothing may move.
    let timeout: Duration

    /// The settings that matter here.
    static let settings = PublisherRun.settings.filter { !["STATE_DIR", "PUBLISHED_FLAG_PATH"].contains($0) }

    func run() -> Never {
        let context = ProcessContext.start("publisher", reads: Self.settings, isOneShot: true)
        do {
            ExitCode.leave(try publish(context))
        } catch let problem as ContractFiles.Problem {
            context.logger.error("contracts cannot be read", error: problem)
            ExitCode.leave(.usage)
        } catch {
            context.logger.error("publisher cannot run", error: error)
            ExitCode.leave(.systemFailure)
        }
    }

    private func publish(_ context: ProcessContext) throws -> ExitCode {
        let read = try ContractFiles(paths)
        let grouping = ContractGrouping(read.files)
        var contents: [String: [UInt8]] = [:]
        var desired: [PairKey: DesiredContent] = [:]
        for pair in grouping.pairs {
            guard let contract = pair.content else { continue }
            contents[contract.sha256] = contract.bytes
            desired[PairKey(consumer: contract.consumer, provider: contract.provider)] =
                DesiredContent(sha256: contract.sha256, bytes: contract.bytes.count)
        }
        let logger = context.logger
        var settings = context.settings
        let detected = build.apply(to: &settings, environment: context.environment)
        if !detected.fields.isEmpty {
            logger.info(
                "build taken from the CI system",
                metadata: Logger.Metadata(uniqueKeysWithValues: detected.fields.map { ($0.name, .string($0.value)) })
            )
        }
        if let warning = detected.warning {
            logger.warning("the branch is a guess", metadata: ["reason": "\(warning)"])
        }
        var configuration = PublicationPlan.Configuration(settings)
        configuration.rollingCheck = false
        let engine = try PublisherEngine(settings: settings, configuration: configuration) {
            contents[$0]
        }
        engine.plan.setDesired(desired, now: .now())
        if let warning = configuration.policy.warning {
            logger.warning("the version number names no commit", metadata: ["reason": "\(warning)"])
        }
        if desired.isEmpty {
            // A job whose path is wrong must not look like one that has published.
            logger.error("no valid contract", metadata: ["path": "\(paths.joined(separator: ", "))"])
        }
        let isReached = isDryRun || desired.isEmpty || wait(engine, logger)
        let report = OnceReport(grouping, bad: read.bad, plan: engine.plan, isDryRun: isDryRun)
        let result = output == .json ? report.json : Array(report.table.utf8)
        try writeAll(STDOUT_FILENO, result, subject: "standard output")
        logger.info("done", metadata: ["result": "\(report.summary)"])
        guard isReached else { return .brokerUnavailable }
        return report.isSuccess && !desired.isEmpty ? .success : .failure
    }

    /// - Returns: False if the broker could not be used in time.
    private func wait(_ engine: PublisherEngine, _ logger: Logger) -> Bool {
        var report = BrokerReport(run: "", url: engine.client.url, timeout: timeout, now: .now())
        var progress = Int.max
        var lastProgress = MonotonicTime.now()
        var line = ProgressLine()
        defer { line.hide() }
        while !engine.plan.isSettled {
            let now = MonotonicTime.now()
            // Less to do than ever before: something moves.
            if engine.plan.queueLength < progress, engine.plan.check.isReady {
                progress = engine.plan.queueLength
                lastProgress = now
            }
            guard now - lastProgress < timeout else { return false }
            line.show(ProgressLine.text(of: engine.plan, idle: now - lastProgress, timeout: timeout))
            var wake = min(engine.advance(now), lastProgress + timeout)
            // The seconds in the line.
            if line.isShown { wake = min(wake, now + .seconds(1)) }
            let turn = engine.turn(waitingUpTo: max(.zero, wake - .now()), descriptors: [])
            line.hide()
            _ = report.update(
                engine.plan.check,
                version: engine.brokerVersion,
                inFlight: nil,
                now: .now(),
                wall: .now(),
                logger: logger
            )
            for note in engine.plan.takeNotes() where note.level >= .warning {
                logger.log(
                    level: note.level,
                    "\(note.message)",
                    metadata: Logger.Metadata(uniqueKeysWithValues: note.fields.map { ($0.key, .string($0.value)) })
                )
            }
            // Credentials do not become right by waiting in a one-shot; a wrong address does not either.
            guard turn.answered != nil else { continue }
            switch engine.plan.shownStatus {
            case .unauthorized, .forbidden, .notABroker: return true
            case .unknown, .ready, .refused, .dns, .tls, .timeout, .disconnected, .httpError, .databaseDown: break
            }
        }
        return true
    }
}
