import Shared
import SharedHTTP
import Testing

@testable import Publisher

/// A request is found by looking at a few pairs, however many others have to wait: counted, so that the machine does not
/// matter.
@Suite("What the plan costs while many contracts have to wait")
struct PlanGrowthTests {
    /// Why all contracts wait.
    enum Wait: CaseIterable {
        /// Refused, and tried again one by one as their times come.
        case refused
        /// Refused, and all due again.
        case refusedLongAgo
        /// Edited and refused, of one consumer, whose former contents are in the broker.
        case refusedOfOneConsumer
        /// Edited and refused, because there is no other version for them.
        case refusedForTheirVersion
        /// Publications do not get through.
        case suspected
        /// Files are gone.
        case withoutFiles
        /// Where pairs are read one by one, no read succeeds.
        case unreadable
        /// Somebody else's version is the latest, and ours cannot be read.
        case superseded
    }

    @Test(arguments: Wait.allCases)
    func `twice as many contracts that wait make no request dearer`(wait: Wait) {
        let few = Self.round(wait, 100)
        let many = Self.round(wait, 200)
        #expect(few.requests >= 100)
        #expect(many.requests >= 2 * few.requests * 9 / 10)
        let perRequest = (
            few: Double(few.looks) / Double(few.requests), many: Double(many.looks) / Double(many.requests)
        )
        #expect(perRequest.many <= perRequest.few * 1.2, "\(perRequest)")
    }

    /// One round of all `count` contracts after they have begun to wait.
    ///
    /// - Returns: Requests, and the records that were looked at to find them.
    static func round(_ wait: Wait, _ count: Int) -> (requests: Int, looks: Int) {
        var growth = waiting(wait, count)
        let before = (growth.requests, growth.plan.pairs.looks)
        // The pauses between suspects grow up to half a minute each.
        growth.run(for: wait == .suspected ? .seconds(25 * count) : .seconds(250))
        return (growth.requests - before.0, growth.plan.pairs.looks - before.1)
    }

    /// The plan with `count` contracts that wait.
    private static func waiting(_ wait: Wait, _ count: Int) -> PlanGrowth {
        let isFixed = [.superseded, .refusedForTheirVersion].contains(wait)
        let consumers = wait == .refusedOfOneConsumer ? 1 : count
        var growth = PlanGrowth(mode: isFixed ? .git : .auto)
        switch wait {
        case .refused, .refusedLongAgo:
            growth.publication = .rejected(status: 400, "400")
        case .refusedOfOneConsumer, .refusedForTheirVersion:
            growth.desire(count, consumers: consumers, content: "A")
            growth.run(for: .seconds(20))
            growth.publication =
                isFixed ? .contentConflict("409", jsonPaths: []) : .rejected(status: 400, "400")
        case .suspected: growth.publication = .transient(PlanGrowth.unavailable)
        case .withoutFiles: growth.publication = nil
        case .unreadable: growth.list = .transient(PlanGrowth.tooLarge)
        case .superseded:
            let keys = PlanGrowth.desired(count, consumers: consumers, content: "A").keys
            growth.list = .latest(keys.map { LatestPact(key: $0, version: "foreign", createdAt: "t") })
        }
        growth.desire(count, consumers: consumers, content: "B")
        switch wait {
        case .refused, .refusedOfOneConsumer, .refusedForTheirVersion: growth.run(for: .seconds(100))
        case .refusedLongAgo:
            growth.run(for: .seconds(100))
            growth.sleep(.seconds(300))
        case .suspected: growth.run(for: .seconds(100 * count))
        case .withoutFiles, .unreadable, .superseded: break
        }
        return growth
    }
}
