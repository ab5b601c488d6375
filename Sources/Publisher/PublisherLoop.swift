import Glibc
import Logging
import Shared
import SharedHTTP

/// The continuous publisher: one thread, one wait point, decisions from the plan, facts into the state.
final class PublisherLoop {
    private let context: ProcessContext
    private let signals: SignalDescriptor
    private let engine: PublisherEngine
    private let reader: StateReader
    private let sourceSignal: SourceSignal
    private let brokerWriter: StateWriter<BrokerState>
    private let publicationWriter: StateWriter<PublicationState>
    private var report: BrokerReport
    private var events: [StateEvent]
    private var sourceRevision = ""
    private var hasSource = false
    /// `plan.changes` of the last commit.
    private var committedChanges = -1
    private var nextCommit: MonotonicTime
    private var lastCommit: MonotonicTime?
    private var lastHeartbeat: MonotonicTime?
    private var isReported = false
    private var flag: PublishedFlag
    private var trouble = StateTrouble()
    private var startMemory = StartMemory()

    /// Takes both sections' locks.
    ///
    /// - Throws: ``StateError/locked(name:directory:holder:)`` if another publisher owns them, ``SystemError``,
    ///   ``TransportError``.
    init(context: ProcessContext, signals: SignalDescriptor, directory: StateDirectory) throws {
        self.context = context
        self.signals = signals
        // A predecessor that was just killed gives its locks up within moments.
        let patience = Duration.seconds(5)
        brokerWriter = try StateWriter(directory: directory, run: context.runID, waitingUpTo: patience)
        publicationWriter = try StateWriter(directory: directory, run: context.runID, waitingUpTo: patience)
        let store = ContractStore(directory: directory)
        var problems = ContractProblems(context.logger)
        engine = try PublisherEngine(
            settings: context.settings,
            configuration: PublicationPlan.Configuration(context.settings)
        ) { sha256 in
            do {
                let bytes = try store.load(
                    sha256,
                    limit: BrokerClient.contractLimit,
                    hash: ContentHash.sha256Hex
                )
                problems.isLoaded(sha256)
                return bytes
            } catch {
                problems.isUnreadable(sha256, error)
                return nil
            }
        }
        reader = StateReader(directory: directory)
        sourceSignal = try SourceSignal(reader)
        let now = MonotonicTime.now()
        nextCommit = now
        let previousBroker = brokerWriter.previousContent().flatMap { $0.run == context.runID ? $0 : nil }
        if let previousBroker { engine.plan.check.restore(previousBroker) }
        report = BrokerReport(
            run: context.runID,
            url: context.settings.brokerURL,
            timeout: context.settings.brokerTimeout,
            now: now,
            previous: previousBroker
        )
        flag = PublishedFlag(path: context.settings.publishedFlagPath)
        let previous = publicationWriter.previousContent().flatMap { $0.run == context.runID ? $0 : nil }
        events = previous?.events ?? []
        if let previous { engine.plan.restore(previous) }
    }

    /// Runs until a signal ends the process.
    func run() -> Never {
        if let warning = engine.plan.configuration.policy.warning {
            context.logger.warning("the version number names no commit", metadata: ["reason": "\(warning)"])
        }
        readSource()
        while true {
            let now = MonotonicTime.now()
            var wake = engine.advance(now)
            // On its way before the state is written: the broker works meanwhile.
            let hasAnswer = engine.inFlight != nil && engine.turn(waitingUpTo: .zero, descriptors: []).answered != nil
            writeDown()
            beat()
            if hasAnswer { continue }
            if engine.plan.changes != committedChanges { wake = min(wake, nextCommit) }
            if engine.inFlight != nil { wake = min(wake, now + context.settings.checkInterval) }
            wake = min(wake, now + (context.heartbeatInterval ?? .seconds(60)))
            let turn = engine.turn(
                waitingUpTo: max(.zero, wake - .now()),
                descriptors: [signals.number, sourceSignal.descriptor]
            )
            if turn.ready.contains(signals.number) { stopIfAsked() }
            if turn.ready.contains(sourceSignal.descriptor) { readSource() }
        }
    }

    /// Abandons whatever is in flight: publishing is idempotent, and libcurl's clean-up could wait for a name server.
    private func stopIfAsked() {
        guard signals.next() != nil else { return }
        context.notify.stopping()
        _exit(ExitCode.success.rawValue)
    }

    /// One turn, one heartbeat, but not more often than asked for.
    private func beat() {
        let now = MonotonicTime.now()
        startMemory.release(now: now)
        if !isReported {
            isReported = true
            context.notify.ready()
        }
        guard let interval = context.heartbeatInterval else { return }
        if let lastHeartbeat, now - lastHeartbeat < interval { return }
        lastHeartbeat = now
        context.notify.heartbeat()
    }

    // MARK: The desired set

    private func readSource() {
        switch reader.read(SourceState.self) {
        case .content(let source, let sequence):
            sourceSignal.take(sequence: sequence)
            guard source.run == context.runID, source.status == .present || source.status == .lost else { return }
            let desired = source.publishable
            let isNew = !hasSource || desired != engine.plan.pairs.mapValues(\.desired)
            hasSource = true
            let change = source.changed.map { ChangeClock.Change(revision: source.revision, began: $0) }
            if isNew { engine.plan.setDesired(desired, after: change, now: .now()) }
            if sourceRevision != source.revision {
                sourceRevision = source.revision
                committedChanges = -1
            }
        case .unchanged, .empty, .unreadable:
            // What was read before, in this run, still holds.
            sourceSignal.take(sequence: reader.lastGood(SourceState.self)?.sequence ?? 0)
        }
    }

    // MARK: Facts

    /// Logs and commits what is new.
    private func writeDown() {
        let plan = engine.plan
        if !plan.notes.isEmpty { for note in engine.plan.takeNotes() { tell(note) } }
        let now = MonotonicTime.now()
        let wall = WallClock.now()
        // First what is proven, then that the broker is ready: whoever hears "ready" finds proofs of the same read.
        commitPublication(now, wall)
        let isWritten = engine.plan.changes == committedChanges && publicationWriter.isWritable
        if report.update(
            plan.check,
            pendingRead: plan.pendingRead(whileFactsAreWritten: isWritten),
            stalenessLimit: context.settings.stalenessLimit,
            version: engine.brokerVersion,
            inFlight: engine.inFlight,
            now: now,
            wall: wall,
            logger: context.logger
        ) {
            commit(report.state, to: brokerWriter)
        } else {
            brokerWriter.retryIfNeeded()
        }
        let problem = brokerWriter.lastError ?? publicationWriter.lastError
        context.logger.log(trouble.note(problem), isSupervised: context.isSupervised)
    }

    private func commitPublication(_ now: MonotonicTime, _ wall: WallClock) {
        let isDirty = engine.plan.changes != committedChanges
        // The times of confirmation alone are not worth a commit per interval.
        let isStale = lastCommit.map { now - $0 > .seconds(60) } ?? true
        guard isDirty || isStale, now >= nextCommit else {
            publicationWriter.retryIfNeeded()
            return
        }
        engine.plan.measureChanges(now)
        let state = engine.plan.publicationState(
            run: context.runID,
            sourceRevision: sourceRevision,
            events: events,
            now: now,
            wall: wall
        )
        commit(state, to: publicationWriter)
        let end = MonotonicTime.now()
        committedChanges = engine.plan.changes
        lastCommit = end
        // A tenth of the time; somebody waits for the proof right after the publication.
        nextCommit = end + max(.milliseconds(3), (end - now) * 10)
        flag.write(if: state.pairs.contains { $0.verifiedSHA256 != nil }, wall, context.logger)
    }

    private func commit<Content>(_ content: Content, to writer: StateWriter<Content>) {
        // What fails is kept in memory and tried again by the writer, which knows why.
        try? writer.commit(content)
    }

    private func tell(_ note: PlanNote) {
        let fields = note.fields
        context.logger.log(
            level: note.level,
            "\(note.message)",
            metadata: Logger.Metadata(uniqueKeysWithValues: fields.map { ($0.key, .string($0.value)) })
        )
        events.record(StateEvent(time: WallClock.now().rfc3339, message: note.message, fields: fields))
    }
}

/// Says once why a contract cannot be read.
private struct ContractProblems {
    private let logger: Logger
    private var told: Set<String> = []

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func isLoaded(_ sha256: String) { told.remove(sha256) }

    mutating func isUnreadable(_ sha256: String, _ error: any Error) {
        // Contents come and go; forgetting one costs a line.
        if told.count >= 1000 { told = [] }
        guard told.insert(sha256).inserted else { return }
        logger.error("contract cannot be read", error: error, metadata: ["sha256": "\(sha256)"])
    }
}
