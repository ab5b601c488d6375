internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Shared

/// The server's whole memory: what is known, who is connected, who waits. Confined to one event loop.
final class ServerCore {
    let limits: ServerLimits
    let rules: EvaluationRules
    let logger: Logger
    let eventLoop: any EventLoop
    /// What the answers take for the present; a connection's own time-outs go by the real clock.
    private let clock: @Sendable () -> MonotonicTime
    private(set) var view: StateView = .initial
    private(set) var isStopping = false
    private(set) var connections = ConnectionTable()
    private(set) var waiting = 0 { didSet { noteAttention() } }
    /// Where new views come in, and the number of the last one that was taken from there.
    let inbox: StateInbox?
    private var taken = 0
    var isAttentive = false
    /// What `/metrics` says of the requests.
    var requestCounters = RequestCounters()
    /// Bytes of the long answers that clients are taking.
    private var longAnswerBytes: [AnswerAccount: Int] = [:]
    private(set) var history: ReadinessHistory
    /// One thread that encodes long documents, started by the first request for one.
    private var encoder: NIOThreadPool?
    /// False on a loop under test that only its own thread may touch.
    private let hasThread: Bool
    private var whenEmpty: (() -> Void)?
    /// Called when a connection has given its descriptor back.
    var whenConnectionCloses: (() -> Void)?
    /// Connections with more requests, in the order in which they go on.
    var resting: [ConnectionHandler] = []
    private var crowdNoted: MonotonicTime?
    /// Pages made lately.
    let pages = PageCache()
    /// Who follows `/events`.
    private(set) lazy var streams = EventStreams(
        limits: limits,
        eventLoop: eventLoop,
        payload: { [unowned self] in eventPayload(revision: $0) },
        countChanged: { [unowned self] in noteAttention() }
    )

    init(
        limits: ServerLimits,
        rules: EvaluationRules,
        logger: Logger,
        eventLoop: any EventLoop,
        inbox: StateInbox? = nil,
        clock: @escaping @Sendable () -> MonotonicTime = { .now() },
        hasThread: Bool = true
    ) {
        self.clock = clock
        self.hasThread = hasThread
        self.limits = limits
        self.rules = rules
        self.logger = logger
        self.eventLoop = eventLoop
        self.inbox = inbox
        history = ReadinessHistory(started: WallClock.now())
    }

    var situation: Situation {
        Situation(view: view, rules: rules, isStopping: isStopping, now: clock())
    }

    /// Takes a new view of the state and answers everybody whose wait it ends.
    func take(_ view: StateView) {
        self.view = view
        noteReadiness()
        streams.changed()
        releaseWaiters()
    }

    /// Takes the newest view, if it is another one. Before each answer, and every ``ServerLimits/tick``.
    func lookAgain() {
        guard let new = inbox?.take(after: taken) else { return }
        taken = new.number
        take(new.view)
    }

    /// Closes what has been silent for too long. Called every ``ServerLimits/tick``.
    func tick() {
        lookAgain()
        if noteReadiness() { streams.changed() }
        let now = MonotonicTime.now()
        streams.tick(now: now)
        for connection in connections.overdue(now: now, limits: limits) { connection.close() }
    }

    /// Has `pulse` done what it does, and takes the supervisor's tick from it.
    func pulse(_ pulse: Pulse) {
        view.tick = pulse { [self] body in
            guard !isStopping else { return }
            startedEncoder().submit { _ in body() }
        }
    }

    /// Answers everybody who waits with what holds now, and closes every connection as soon as its answer is out.
    ///
    /// - Parameter completion: Called once when the last connection is gone.
    func stop(_ completion: @escaping () -> Void) {
        lookAgain()
        isStopping = true
        noteReadiness()
        whenEmpty = completion
        encoder?.shutdownGracefully { _ in }
        encoder = nil
        for connection in connections.all { connection.stop() }
        streams.stop()
        closeIfEmpty()
    }

    // MARK: connections

    /// Makes room for a new connection by closing the one longest idle or longest in sending its request.
    func admit(_ connection: ConnectionHandler) {
        if connections.count >= limits.connections {
            noteCrowd()
            if let victim = connections.longestWithoutRequest() {
                // Its own farewell may come only after the whole burst has been accepted.
                connections.remove(victim)
                victim.close()
            }
        }
        connections.insert(connection)
        if isStopping || connections.count > limits.connectionsAtMost { connection.close() }
    }

    /// One line a minute, however many come.
    private func noteCrowd() {
        let now = MonotonicTime.now()
        if let crowdNoted, now - crowdNoted < .seconds(60) { return }
        crowdNoted = now
        logger.warning(
            "every place for a connection is taken: each new one closes the one longest idle",
            metadata: ["connections": "\(connections.count)"]
        )
    }

    func forget(_ connection: ConnectionHandler) {
        connections.remove(connection)
        whenConnectionCloses?()
        closeIfEmpty()
    }

    private func closeIfEmpty() {
        guard isStopping, connections.count == 0, let whenEmpty else { return }
        self.whenEmpty = nil
        whenEmpty()
    }

    // MARK: waiting

    /// True if another request may be held.
    var hasPlaceForWaiter: Bool { waiting < limits.waiters && !isStopping }

    func beginWaiting() { waiting += 1 }

    func endWaiting(_ result: WaitResult, held duration: Duration) {
        waiting -= 1
        requestCounters.count(result, held: duration)
    }

    private func releaseWaiters() {
        guard waiting > 0 else { return }
        let situation = situation
        let blocker = ProviderReadiness.blocker(situation)
        let isOver = blocker?.code == .stopping
        // What else rows 1 to 7 say keeps everybody waiting, so there is nobody to ask.
        if blocker != nil, !isOver { return }
        for connection in connections.all {
            guard let query = connection.waitingFor else { continue }
            let readiness = ProviderReadiness(query, snapshot: view.snapshot, blocker: blocker)
            if readiness.outcome == .ready || isOver { connection.release(.provider(readiness, situation: situation)) }
        }
    }

    // MARK: documents

    /// Counts a long document that a client begins to take: each is a copy, and clients may be slow.
    ///
    /// - Returns: False if it is one too many; then it does not count.
    func beginLongAnswer(_ account: AnswerAccount, bytes: Int) -> Bool {
        let taken = longAnswerBytes[account, default: 0]
        let limit = account == .metrics ? limits.metricsBytes : limits.longAnswerBytes
        guard taken == 0 || taken + bytes <= limit else { return false }
        longAnswerBytes[account] = taken + bytes
        return true
    }

    func endLongAnswer(_ account: AnswerAccount, bytes: Int) { longAnswerBytes[account, default: 0] -= bytes }

    /// The bytes of `document`, from the snapshot's cache or encoded on another thread.
    func encoded(_ document: Document, _ then: @escaping ([UInt8]) -> Void) {
        let snapshot = view.snapshot
        if let bytes = snapshot.documents[document] {
            then(bytes)
            return
        }
        aside(
            {
                let bytes = document.encode(snapshot)
                snapshot.documents.keep(bytes, for: document)
                return bytes
            },
            then
        )
    }

    /// Makes something long on another thread, and comes back to the event loop with it.
    func aside(_ make: @escaping @Sendable () -> [UInt8], _ then: @escaping ([UInt8]) -> Void) {
        // At the end there is no time for another thread.
        guard hasThread, !isStopping else { return then(make()) }
        startedEncoder().runIfActive(eventLoop: eventLoop, make)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let bytes): then(bytes)
                // The pool was stopped in between.
                case .failure: then(make())
                }
            }
    }

    /// The thread for what takes too long for the event loop.
    private func startedEncoder() -> NIOThreadPool {
        if let encoder { return encoder }
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        encoder = pool
        return pool
    }

    /// - Returns: True if it is another than before.
    @discardableResult
    private func noteReadiness() -> Bool {
        let verdict = ProbeEvaluation(situation).readiness
        guard history.note(verdict, at: WallClock.now()) else { return false }
        var metadata: Logger.Metadata = ["ready": "\(verdict.isReady)"]
        if let code = verdict.code { metadata["reason"] = "\(code)" }
        if let detail = verdict.detail { metadata["detail"] = "\(detail)" }
        logger.info("readiness changed", metadata: metadata)
        return true
    }
}
