import Shared
import SharedHTTP

@testable import Publisher

/// The plan and a broker's answers alone: nothing here looks at all pairs per request, as the simulation does.
struct PlanGrowth {
    private(set) var plan: PublicationPlan
    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)
    /// Requests so far.
    private(set) var requests = 0
    /// What publications are answered with; `nil`: the contract's file is gone.
    var publication: BrokerOutcome? = .published(PublishNotices(isUnchanged: false))
    /// What the list says.
    var list = BrokerOutcome.latest([])

    static let unavailable = BrokerOutcome.Transient(cause: .http(504), text: "504", retryAfter: nil)
    static let tooLarge = BrokerOutcome.Transient(cause: .transport(.tooLarge), text: "too large", retryAfter: nil)

    init(mode: Settings.VersionPolicyMode = .auto) {
        var configuration = PublicationPlan.Configuration(
            policy: VersionPolicy(branch: "main", commit: "abc", mode: mode)
        )
        // The list alone costs as much as there are pairs; its number is bounded by time.
        configuration.checkInterval = .seconds(36_000)
        configuration.oneByOnePeriod = .seconds(36_000)
        configuration.rollingCheck = false
        plan = PublicationPlan(configuration: configuration, now: now, seed: 1)
    }

    mutating func desire(_ count: Int, consumers: Int, content: String) {
        plan.setDesired(Self.desired(count, consumers: consumers, content: content), now: now)
    }

    static func desired(_ count: Int, consumers: Int, content: String) -> [PairKey: DesiredContent] {
        var desired: [PairKey: DesiredContent] = [:]
        for number in 0..<count {
            let key = PairKey("consumer-\(number % consumers)", "provider-\(number)")
            desired[key] = DesiredContent(sha256: content, bytes: 1000)
        }
        return desired
    }

    /// Time goes by and nobody asks.
    mutating func sleep(_ duration: Duration) { now = now + duration }

    /// Runs until nothing is left to do within `duration`.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while now < end {
            switch plan.next(now) {
            case .send(let request): perform(request)
            case .wait(let time): now = max(time, now + .milliseconds(1))
            case .waitForAnswer: preconditionFailure("nothing is in flight")
            }
        }
    }

    private mutating func perform(_ request: BrokerRequest) {
        requests += 1
        now = now + .milliseconds(2)
        guard let outcome = outcome(of: request) else {
            guard case .publish(let batch) = request else { preconditionFailure("only publications have files") }
            _ = plan.contentsAreMissing(Set(batch.keys), now: now)
            return
        }
        plan.handle(outcome, to: request, took: .milliseconds(2), now: now)
        _ = plan.takeNotes()
    }

    private func outcome(of request: BrokerRequest) -> BrokerOutcome? {
        switch request {
        case .heartbeat: .alive
        case .dependencies: .databaseUp
        case .index: .index(.batches)
        case .latestPacts: list
        case .latestPact, .pactVersion: .transient(Self.unavailable)
        case .publish: publication
        case .createPacticipant, .label: .created
        }
    }
}
