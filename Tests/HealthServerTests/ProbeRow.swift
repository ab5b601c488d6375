import Shared

@testable import HealthServer

/// One row of docs/endpoints.md's table with what every endpoint must answer.
struct ProbeRow: Sendable, CustomStringConvertible {
    /// The number in the table, and which case of it.
    var name: String
    var sections: StateSections
    var problem: StateProblem?
    var isStopping = false
    var tick: UInt32? = 598
    var liveness = 200
    /// By mode: 200, or 503 with the reason.
    var readiness: [Settings.ReadinessMode: Expected]
    /// `/providers/GCP-Secret-Manager/ready`.
    var provider: Expected
    /// `state` in the provider's body; `nil`: not looked at.
    var providerState: String?
    var ready: Expected

    var description: String { name }

    enum Expected: Equatable, Sendable {
        case yes
        case no(String)
        case unknown
    }

    init(
        _ name: String,
        _ sections: StateSections,
        problem: StateProblem? = nil,
        isStopping: Bool = false,
        tick: UInt32? = 598,
        liveness: Int = 200,
        settled: Expected,
        strict: Expected? = nil,
        any: Expected? = nil,
        broker: Expected = .yes,
        provider: Expected,
        state: String? = nil,
        ready: Expected
    ) {
        self.name = name
        self.sections = sections
        self.problem = problem
        self.isStopping = isStopping
        self.tick = tick
        self.liveness = liveness
        readiness = [.settled: settled, .strict: strict ?? settled, .any: any ?? settled, .broker: broker]
        self.provider = provider
        providerState = state
        self.ready = ready
    }

    /// A row in which everything but `/liveness` says no for one reason.
    static func blocked(
        _ name: String,
        _ sections: StateSections,
        problem: StateProblem? = nil,
        isStopping: Bool = false,
        reason: String,
        broker: Expected? = nil,
        provider: String? = nil
    ) -> ProbeRow {
        ProbeRow(
            name,
            sections,
            problem: problem,
            isStopping: isStopping,
            settled: .no(reason),
            broker: broker ?? .no(reason),
            provider: .no(provider ?? reason),
            ready: .no(reason)
        )
    }
}
