import Glibc
import Logging
import Shared
import SharedHTTP

/// `publisher --once`: the same plan and client as the loop, fed from a directory, until everything is settled.
struct OnceRun {
    let directory: String
    let isDryRun: Bool
    let printsJSON: Bool
    /// How long the broker may be unusable, or nothing may move.
    let timeout: Duration

    func run() -> Never {
        let context = ProcessContext.start("publisher")
        do {
            ExitCode.leave(try publish(context))
        } catch let problem as ContractDirectory.Problem {
            context.logger.error("contracts cannot be read", error: problem)
            ExitCode.leave(.usage)
        } catch {
            context.logger.error("publisher cannot run", error: error)
            ExitCode.leave(.systemFailure)
        }
    }

    private func publish(_ context: ProcessContext) throws -> ExitCode {
        let (files, bad) = try ContractDirectory.read(directory)
        let grouping = ContractGrouping(files)
        var contents: [String: [UInt8]] = [:]
        var desired: [PairKey: DesiredContent] = [:]
        for pair in grouping.pairs {
            guard let contract = pair.content else { continue }
            contents[contract.sha256] = contract.bytes
            desired[PairKey(consumer: contract.consumer, provider: contract.provider)] =
                DesiredContent(sha256: contract.sha256, bytes: contract.bytes.count)
        }
        var configuration = PublicationPlan.Configuration(context.settings)
        configuration.rollingCheck = false
        let engine = try PublisherEngine(settings: context.settings, configuration: configuration) {
            contents[$0.sha256]
        }
        engine.plan.setDesired(desired, now: .now())
        let logger = context.logger
        if let warning = configuration.policy.warning {
            logger.warning("the version number names no commit", metadata: ["reason": "\(warning)"])
        }
        if desired.isEmpty { logger.warning("no valid contract in the directory", metadata: ["path": "\(directory)"]) }
        let isReached = isDryRun || desired.isEmpty || wait(engine, logger)
        let report = OnceReport(grouping, bad: bad, plan: engine.plan, isDryRun: isDryRun)
        let output = printsJSON ? report.json : Array(report.table.utf8)
        try writeAll(STDOUT_FILENO, output, subject: "standard output")
        logger.info("done", metadata: ["result": "\(report.summary)"])
        guard isReached else { return .brokerUnavailable }
        return report.isSuccess ? .success : .failure
    }

    /// - Returns: False if the broker could not be used in time.
    private func wait(_ engine: PublisherEngine, _ logger: Logger) -> Bool {
        var report = BrokerReport(run: "", url: engine.client.url, timeout: timeout, now: .now())
        var progress = Int.max
        var lastProgress = MonotonicTime.now()
        while !engine.plan.isSettled {
            let now = MonotonicTime.now()
            // Less to do than ever before: something moves.
            if engine.plan.queueLength < progress, engine.plan.check.isReady {
                progress = engine.plan.queueLength
                lastProgress = now
            }
            guard now - lastProgress < timeout else { return false }
            let wake = min(engine.advance(now), lastProgress + timeout)
            let turn = engine.turn(waitingUpTo: max(.zero, wake - .now()), descriptors: [])
            _ = report.update(
                engine.plan.check,
                version: engine.brokerVersion,
                inFlight: nil,
                now: .now(),
                wall: .now(),
                logger: logger
            )
            for note in engine.plan.notes where note.level >= .warning {
                logger.log(
                    level: note.level,
                    "\(note.message)",
                    metadata: Logger.Metadata(uniqueKeysWithValues: note.fields.map { ($0.key, .string($0.value)) })
                )
            }
            engine.plan.notes = []
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
