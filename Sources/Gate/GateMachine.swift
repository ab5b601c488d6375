import Shared

/// Waits for contracts: decides, does nothing. No clock, no network, no randomness of its own.
///
/// Every provider is in one of three states:
///
/// | State | Event | Then |
/// |---|---|---|
/// | asking | ready | done |
/// | asking | "not yet" of a manager that was not asked to hold it | asking, to be held |
/// | asking | "not yet" of a manager that did hold it | asking, to be held |
/// | asking | another answer, or none in time | pausing |
/// | pausing | the pause is over | asking |
/// | done | – | what it says later does not count |
///
/// All done, or the deadline, or with `check` the first answers: the end, which happens once.
struct GateMachine: Sendable {
    /// What happened. Whatever it is, timers that are due count too.
    enum Event: Equatable, Sendable {
        case started
        /// The question `id` was answered, or got no answer.
        case ended(id: Int, Result<GateAnswer, GateFailure>)
        /// Nothing but time.
        case woken
    }

    /// What the loop is to do, in this order.
    enum Action: Equatable, Sendable {
        case ask(id: Int, GateQuestion)
        /// Nobody wants the answer any more.
        case abandon(id: Int)
        /// One line for people.
        case say(String)
        case finish(GateOutcome)
    }

    /// How long the manager is asked to hold a question. Another reason for "not yet" is seen that late.
    static let hold: Duration = .seconds(10)
    /// How long a question may take besides: to resolve the name, to connect, to answer.
    static let grace: Duration = .seconds(25)
    /// If nothing is known by then, people are told who is being asked.
    static let firstLine: Duration = .seconds(1)
    /// A server that takes less did not hold the question, and is not asked again at once.
    static let heldAtLeast: Duration = .seconds(1)
    /// The most that `Retry-After` can demand: the gate's own time is short.
    static let maximumRetryAfter: Duration = .seconds(5)
    static let pause = Backoff(first: .milliseconds(100), maximum: .seconds(1))
    /// So many changes of the reason are told; then one in ten seconds, so that a flapping one fills no log.
    static let freeLines = 20
    static let linePause: Duration = .seconds(10)

    private struct Question {
        var id: Int
        var since: MonotonicTime
        var until: MonotonicTime
        var isHeld: Bool
    }

    private struct Target {
        enum Phase {
            case idle
            case asking(Question)
            case pausing(until: MonotonicTime)
            case done([ContractNote])
        }
        let provider: String
        var phase = Phase.idle
        /// Pauses in a row.
        var attempts = 0
        var reason: GateReason?
        var saidKey: String?
        /// The last answer was a manager's: it may hold the next one.
        var canHold = false
    }

    private let settings: GateSettings
    private var targets: [Target]
    private var jitter: JitterSource
    private var started = MonotonicTime(nanoseconds: 0)
    private var deadline = MonotonicTime(nanoseconds: .max)
    private var nextID = 1
    private var lines = 0
    private var lastLine: MonotonicTime?
    private var isFinished = false

    init(_ settings: GateSettings, jitter: JitterSource) {
        self.settings = settings
        self.jitter = jitter
        targets = settings.providers.map { Target(provider: $0) }
    }

    /// The next moment at which something is due without an event.
    var wakeTime: MonotonicTime {
        var time = lines == 0 && !settings.check ? min(deadline, started + GateMachine.firstLine) : deadline
        for target in targets {
            switch target.phase {
            case .asking(let question): time = min(time, question.until)
            case .pausing(let until): time = min(time, until)
            case .idle, .done: break
            }
        }
        return time
    }

    mutating func handle(_ event: Event, now: MonotonicTime) -> [Action] {
        guard !isFinished else { return [] }
        var actions: [Action] = []
        switch event {
        case .started:
            started = now
            deadline = now + settings.timeout
            for index in targets.indices { ask(index, now, &actions) }
        case .ended(let id, let result): take(result, of: id, now, &actions)
        case .woken: break
        }
        endLate(now, &actions)
        sayFirstLine(now, &actions)
        for index in targets.indices {
            if case .pausing(let until) = targets[index].phase, until <= now { ask(index, now, &actions) }
        }
        finish(now, &actions)
        return actions
    }

    private mutating func ask(_ index: Int, _ now: MonotonicTime, _ actions: inout [Action]) {
        let left = deadline - now
        guard left > .zero else { return }
        // The first question is answered at once: people want to know what they wait for.
        let hold = targets[index].canHold && !settings.check ? min(GateMachine.hold, left) : .zero
        let id = nextID
        nextID += 1
        let until = min(now + hold + GateMachine.grace, deadline)
        targets[index].phase = .asking(Question(id: id, since: now, until: until, isHeld: hold > .zero))
        actions.append(.ask(id: id, GateQuestion(settings, provider: targets[index].provider, hold: hold)))
    }

    private mutating func take(
        _ result: Result<GateAnswer, GateFailure>,
        of id: Int,
        _ now: MonotonicTime,
        _ actions: inout [Action]
    ) {
        for index in targets.indices {
            // All others: an answer to a question that was given up.
            guard case .asking(let question) = targets[index].phase, question.id == id else { continue }
            switch verdict(result, targets[index].provider) {
            case .ready(let notes): targets[index].phase = .done(notes)
            case .notYet(let reason):
                targets[index].reason = reason
                let goesOn = !question.isHeld || now - question.since >= GateMachine.heldAtLeast
                targets[index].canHold = reason.isManagers
                pause(index, reason.isManagers && goesOn ? nil : reason.retryAfter ?? .zero, now)
                if question.isHeld, goesOn, reason.isManagers { targets[index].attempts = 0 }
                sayReason(index, now, &actions)
            }
        }
    }

    private func verdict(_ result: Result<GateAnswer, GateFailure>, _ provider: String) -> GateVerdict {
        switch (result, settings.source) {
        case (.failure(let failure), .manager(let url)), (.failure(let failure), .broker(let url)):
            GateVerdict(failure, authority: url.authority)
        case (.success(let answer), .manager): GateVerdict(manager: answer, provider: provider)
        case (.success(let answer), .broker):
            GateVerdict(broker: answer, provider: provider, consumer: settings.consumer)
        }
    }

    /// - Parameter atLeast: What the server demanded; `nil`: no pause at all.
    private mutating func pause(_ index: Int, _ atLeast: Duration?, _ now: MonotonicTime) {
        guard !settings.check else {
            targets[index].phase = .idle
            return
        }
        guard let atLeast else {
            targets[index].phase = .pausing(until: now)
            return
        }
        targets[index].attempts += 1
        let delay = GateMachine.pause.delay(attempt: targets[index].attempts, random: jitter.next())
        let demanded = min(atLeast, GateMachine.maximumRetryAfter)
        targets[index].phase = .pausing(until: now + max(delay, demanded))
    }

    /// Questions whose time is up.
    private mutating func endLate(_ now: MonotonicTime, _ actions: inout [Action]) {
        for index in targets.indices {
            // At the deadline the reason stays the one that was given: that a question is being held is none.
            guard case .asking(let question) = targets[index].phase, question.until <= now, now < deadline else {
                continue
            }
            actions.append(.abandon(id: question.id))
            take(.failure(.timedOut), of: question.id, now, &actions)
        }
    }

    private mutating func sayReason(_ index: Int, _ now: MonotonicTime, _ actions: inout [Action]) {
        guard !settings.check, now < deadline, let reason = targets[index].reason,
            targets[index].saidKey != reason.key
        else { return }
        if lines >= GateMachine.freeLines, let lastLine, now - lastLine < GateMachine.linePause { return }
        lines += 1
        lastLine = now
        targets[index].saidKey = reason.key
        actions.append(.say("waiting for \(targets[index].provider): \(reason.text)"))
    }

    private mutating func sayFirstLine(_ now: MonotonicTime, _ actions: inout [Action]) {
        guard !settings.check, lines == 0, now >= started + GateMachine.firstLine, now < deadline else { return }
        lines = 1
        let names = targets.map(\.provider).joined(separator: ", ")
        actions.append(.say("waiting for \(names): \(settings.source.url.authority) has not answered yet"))
    }

    private mutating func finish(_ now: MonotonicTime, _ actions: inout [Action]) {
        var notes: [ContractNote] = []
        var missing: [GateOutcome.Missing] = []
        var isAsking = false
        for target in targets {
            switch target.phase {
            case .done(let found): notes += found
            case .asking:
                isAsking = true
                fallthrough
            case .idle, .pausing:
                let reason = target.reason?.text ?? "\(settings.source.url.authority) has not answered"
                missing.append(.init(provider: target.provider, reason: reason))
            }
        }
        let isOver = missing.isEmpty || now >= deadline || settings.check && !isAsking
        guard isOver else { return }
        isFinished = true
        for target in targets {
            if case .asking(let question) = target.phase { actions.append(.abandon(id: question.id)) }
        }
        let outcome = GateOutcome(contracts: notes, missing: missing, waited: now - started)
        actions.append(.say(outcome.line(settings)))
        actions.append(.finish(outcome))
    }
}
