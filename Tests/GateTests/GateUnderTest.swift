import Shared

@testable import Gate

/// A machine, its clock, and what it did in a form that reads well.
struct GateUnderTest {
    enum Step: Equatable {
        case ask(id: Int, path: String)
        case abandon(id: Int)
        case say(String)
        case finish(ready: Bool)

        var isAsk: Bool {
            if case .ask = self { return true }
            return false
        }

        var line: String? {
            if case .say(let line) = self { return line }
            return nil
        }
    }

    let settings: GateSettings
    let start = MonotonicTime(milliseconds: 1_000_000)
    private(set) var now = MonotonicTime(milliseconds: 1_000_000)
    private(set) var outcome: GateOutcome?
    private var machine: GateMachine

    init(
        _ providers: [String],
        consumer: String? = nil,
        broker: String? = nil,
        timeout: String? = nil,
        policy: GateSettings.TimeoutPolicy = .start,
        check: Bool = false
    ) throws {
        let options = GateSettings.Options(
            providers: providers,
            consumer: consumer,
            manager: broker == nil ? "http://manager:8081" : nil,
            broker: broker,
            timeout: timeout,
            onTimeout: policy,
            check: check,
            command: check ? [] : ["stub", "--port", "1"]
        )
        settings = try GateSettings(options, environment: ProcessEnvironment([:]))
        machine = GateMachine(settings, jitter: JitterSource(seed: 8))
    }

    @discardableResult
    mutating func begin() -> [Step] { handle(.started) }

    @discardableResult
    mutating func answer(_ id: Int, _ answer: GateAnswer) -> [Step] { handle(.ended(id: id, .success(answer))) }

    @discardableResult
    mutating func fail(_ id: Int, _ failure: GateFailure) -> [Step] { handle(.ended(id: id, .failure(failure))) }

    @discardableResult
    mutating func end(_ id: Int, _ result: Result<GateAnswer, GateFailure>) -> [Step] {
        handle(.ended(id: id, result))
    }

    var wakeTime: MonotonicTime { machine.wakeTime }

    mutating func advance(_ duration: Duration) { now = now + duration }

    /// Nothing happens until something is due.
    @discardableResult
    mutating func sleep() -> [Step] {
        now = machine.wakeTime
        return handle(.woken)
    }

    private mutating func handle(_ event: GateMachine.Event) -> [Step] {
        machine.handle(event, now: now)
            .map { action in
                switch action {
                case .ask(let id, let question): return .ask(id: id, path: question.path)
                case .abandon(let id): return .abandon(id: id)
                case .say(let line): return .say(line)
                case .finish(let outcome):
                    self.outcome = outcome
                    return .finish(ready: outcome.isReady)
                }
            }
    }
}

extension GateAnswer {
    /// A manager's answer in its own form.
    static func notReady(_ reason: String, _ detail: String) -> GateAnswer {
        GateAnswer(
            status: 503,
            headers: ["content-type": "application/json", "retry-after": "1"],
            body: Array(#"{"ready":false,"provider":"P","reason":"\#(reason)","detail":"\#(detail)"}"#.utf8)
        )
    }

    static func ready(_ version: String) -> GateAnswer {
        let contract = #"{"consumer":"Shop","version":"\#(version)","sha256":"ab","state":"published"}"#
        return GateAnswer(
            status: 200,
            headers: ["content-type": "application/json"],
            body: Array(#"{"ready":true,"provider":"P","contracts":[\#(contract)]}"#.utf8)
        )
    }
}
