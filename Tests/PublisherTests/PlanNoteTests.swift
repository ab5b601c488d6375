import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// What people are told, and what is tried again when somebody has worked on the broker.
@Suite("The publication plan's notes, and refusals that may be over")
struct PlanNoteTests {
    let a = PairKey("web", "orders")
    let b = PairKey("web", "stock")

    private func refused() -> PlanSimulation {
        let simulation = PlanSimulation()
        simulation.broker.similarNames = ["orders"]
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        #expect(simulation.plan.pairs[a]?.failure?.published.kind == "similar_name")
        #expect(simulation.plan.pairs[b]?.failure == nil)
        simulation.broker.similarNames = []
        // Not by itself so soon.
        simulation.run(for: .seconds(20))
        #expect(simulation.plan.pairs[a]?.failure != nil)
        return simulation
    }

    @Test func `a refused contract is tried again at once when the broker was emptied`() {
        let simulation = refused()
        simulation.broker.wipe()
        #expect(
            simulation.run(for: .seconds(4)) { $0.isSynced && $0.plan.isSettled && $0.plan.pairs[a]?.failure == nil }
        )
    }

    @Test func `a refused contract is tried again at once when the broker has been away`() {
        let simulation = refused()
        simulation.broker.isDown = true
        simulation.run(for: .seconds(10))
        simulation.broker.isDown = false
        // The check finds it within an interval, at its slowest pace within thirty seconds.
        #expect(simulation.run(for: .seconds(35)) { $0.plan.pairs[a]?.failure == nil && $0.isSynced })
    }

    @Test func `a similar name tells of our own setting`() {
        let simulation = refused()
        let reason = simulation.plan.pairs[a]?.failure?.published.reason ?? ""
        #expect(reason.contains("CREATE_PACTICIPANTS=true"), "\(reason)")
    }

    @Test func `publications that do not get through are told of once until one does`() {
        let simulation = PlanSimulation()
        let busy = BrokerOutcome.transient(.init(cause: .http(503), text: "busy", retryAfter: nil))
        func delays() -> Int {
            simulation.notes.count { if case .delayed(consumer: "web", _, reason: "busy") = $0 { true } else { false } }
        }
        simulation.broker.nextPublishAnswers = Array(repeating: busy, count: 4)
        simulation.desire([a: "A", b: "B"])
        simulation.settle()
        #expect(delays() == 1)
        simulation.broker.nextPublishAnswers = Array(repeating: busy, count: 2)
        simulation.desire([a: "A2", b: "B"])
        simulation.settle()
        #expect(delays() == 2)
    }

    @Test func `what was in the broker already is not said to be published`() {
        let simulation = PlanSimulation()
        simulation.desire([a: "A"])
        simulation.settle()
        simulation.notes = []
        simulation.restart(forgetting: true)
        simulation.settle()
        let note = simulation.notes.first
        #expect(note == .published(a, version: "main-abc", createdAt: "t1", isChange: false, wasThere: true))
        #expect(note?.message == "contract was in the broker already")
    }

    @Test func `a conflict names the places that differ`() {
        let failure = PublishedPair.Failure(
            sha256: "A",
            kind: "conflict",
            httpStatus: 409,
            reason: "other content",
            jsonPaths: ["$.interactions[0].request.path", "$.metadata"]
        )
        #expect(failure.explanation == "other content (differs at $.interactions[0].request.path, $.metadata)")
        let fields = PlanNote.failed(a, failure).fields
        #expect(fields["differs_at"] == "$.interactions[0].request.path $.metadata")
        let published = PlanNote.dropped(a, version: nil).message
        #expect(published == "contract no longer managed")
    }
}
