import Shared
import Testing

@testable import Publisher

/// The plan and the model broker under a virtual clock.
final class PlanSimulation {
    var plan: PublicationPlan
    var broker = ModelBroker()
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    /// All requests so far, with their moments.
    var log: [(time: MonotonicTime, request: BrokerRequest)] = []
    var notes: [PlanNote] = []
    /// What one request takes.
    var latency = Duration.milliseconds(5)
    /// What a request takes that is unusual.
    var slowness: (BrokerRequest) -> Duration? = { _ in nil }
    /// Called between a request and its answer.
    var meanwhile: ((PlanSimulation, BrokerRequest) -> Void)?
    /// Called after each answer.
    var afterEach: ((PlanSimulation) -> Void)?
    /// The SHA that we compute is passed on, as the engine does.
    var computesSHA = true
    let configuration: PublicationPlan.Configuration

    init(
        mode: Settings.VersionPolicyMode = .auto,
        seed: UInt64 = 1,
        _ change: (inout PublicationPlan.Configuration) -> Void = { _ in }
    ) {
        var configuration = PublicationPlan.Configuration(
            policy: VersionPolicy(branch: "main", commit: "abc", mode: mode)
        )
        change(&configuration)
        self.configuration = configuration
        plan = PublicationPlan(configuration: configuration, now: now, seed: seed)
    }

    func desire(_ contents: [PairKey: String]) {
        plan.setDesired(contents.mapValues { DesiredContent(sha256: $0, bytes: 1000) }, now: now)
    }

    /// Runs for `duration` of virtual time, or until `done` holds after a request.
    ///
    /// - Returns: True if `done` held.
    @discardableResult
    func run(for duration: Duration, until done: (PlanSimulation) -> Bool = { _ in false }) -> Bool {
        let end = now + duration
        var steps = 0
        while now < end {
            steps += 1
            guard steps < 200_000 else {
                Issue.record("the plan does not come to rest")
                return false
            }
            checkStep()
            switch plan.next(now) {
            case .send(let request):
                log.append((now, request))
                answer(request)
                checkPace()
                checkLists()
                afterEach?(self)
                if done(self) { return true }
            case .wait(let time):
                if done(self) { return true }
                now = max(time, now + .milliseconds(1))
            case .waitForAnswer:
                Issue.record("nothing is in flight")
                return false
            }
        }
        return done(self)
    }

    /// No storms: whatever the broker answers, a second without anything accepted sees a bounded number of requests.
    private func checkPace() {
        let second = Array(log.reversed().prefix { now - $0.time < .seconds(1) })
        if accepted != plan.counters.attempts["created", default: 0] + plan.counters.attempts["unchanged", default: 0] {
            accepted = plan.counters.attempts["created", default: 0] + plan.counters.attempts["unchanged", default: 0]
            quietSince = now
        }
        guard now - quietSince > .seconds(1), second.count > 40 + 4 * plan.pairs.keys.count, !isStormTold else {
            return
        }
        isStormTold = true
        let kinds = Dictionary(grouping: second) { "\($0.request.kind)" }.mapValues(\.count)
        Issue.record("\(second.count) requests in a second: \(kinds)")
    }

    /// What has to be done for a pair is found: each pair that belongs on a list is on it.
    private func checkLists() {
        var plan = plan
        plan.pairs.advance(to: now)
        for (position, (key, record)) in plan.pairs.enumerated() {
            let version = plan.consumers[key.consumer]?.version ?? ""
            var belongs: [(PairTable.List, Bool)] = [
                (.outdated, record.occupies(version)), (.unlisted, record.sent?.isLookedFor == false),
                (.toBeRead, record.versionToRead != nil && record.mayBeRead(now)),
                (.toBeReadAlone, record.isToBeReadAlone && record.mayBeRead(now)),
            ]
            if let list = record.publicationList {
                belongs.append((list, record.needsPublishing(as: version, now: now)))
            }
            for (list, belongs) in belongs where belongs && !plan.pairs.isOn(list, position) {
                Issue.record("\(key) is not on the list \(list)")
            }
        }
        #expect(plan.pairs.settledCount == plan.pairs.values.count { $0.isSettled })
        #expect(plan.pairs.provenCount == plan.pairs.values.count { $0.verified?.sha256 == $0.desired.sha256 })
    }

    /// What comes next, and when, does not depend on what was taken off the lists before.
    private func checkStep() {
        var present = plan
        var full = plan
        full.pairs = PairTable(plan.pairs.mapValues { $0 })
        let step = present.next(now)
        #expect(full.next(now) == step)
        #expect(full.takeNotes().map { "\($0)" } == present.takeNotes().map { "\($0)" })
    }

    private var accepted = 0
    private var quietSince = MonotonicTime(nanoseconds: 0)
    private var isStormTold = false

    private func answer(_ request: BrokerRequest) {
        let took = slowness(request) ?? latency
        broker.time = now
        let outcome = broker.answer(request)
        meanwhile?(self, request)
        now = now + took
        handle(outcome, to: request, took: took)
        notes += plan.takeNotes()
    }

    private func handle(_ outcome: BrokerOutcome, to request: BrokerRequest, took: Duration) {
        // In the model a contract's SHA-256 is its pact-version SHA.
        let content = computesSHA ? plan.contentToCompare(request) : nil
        plan.handle(outcome, to: request, took: took, now: now, computedSHA: content)
    }

    /// Runs until everything is settled, at most five minutes of virtual time.
    @discardableResult
    func settle() -> Bool { run(for: .seconds(300)) { $0.plan.isSettled && $0.isSynced } }

    /// A publisher that starts anew within the run, with what its predecessor has committed.
    func restart(forgetting: Bool = false) {
        let state = state
        let desired = plan.pairs.mapValues(\.desired)
        plan = PublicationPlan(configuration: configuration, now: now, seed: 2)
        if !forgetting { plan.restore(state) }
        plan.setDesired(desired, now: now)
    }

    /// What readers of the state are told.
    var state: PublicationState {
        plan.publicationState(run: "r", sourceRevision: "", events: [], now: now, wall: WallClock(milliseconds: 0))
    }

    /// Everything desired and not failed is what `/latest` serves.
    var isSynced: Bool {
        plan.pairs.allSatisfy { key, record in
            record.failure != nil || record.superseded != nil || broker.latest(key)?.sha256 == record.desired.sha256
        }
    }

    var publications: [PublicationBatch] {
        log.compactMap { if case .publish(let batch) = $0.request { batch } else { nil } }
    }

    static func pairs(_ count: Int, consumers: Int = 1) -> [PairKey: String] {
        var result: [PairKey: String] = [:]
        for number in 0..<count {
            let key = PairKey(consumer: "consumer-\(number % consumers)", provider: "provider-\(number)")
            result[key] = "sha-\(number)"
        }
        return result
    }
}

extension PairKey {
    init(_ consumer: String, _ provider: String) { self.init(consumer: consumer, provider: provider) }
}

extension PlanSimulation {
    /// The plan's next request is of this kind; it is then in flight.
    func requestIsNext(_ kind: BrokerRequest.Kind) -> Bool {
        var copy = plan
        guard case .send(let request) = copy.next(now), request.kind == kind else { return false }
        return true
    }

    /// Answers the plan's next request with `outcome`.
    func inject(_ outcome: BrokerOutcome) {
        guard case .send(let request) = plan.next(now) else { return }
        plan.handle(outcome, to: request, took: latency, now: now)
    }
}
