import Glibc
import Shared
import TestSupport
import Testing

/// What the built `publisher` counts for the metrics, and that it goes on counting after its death.
@Suite("Counters of the publisher as a process", .timeLimit(.minutes(2)))
struct PublisherCountersProcessTests {
    private let tests = PublisherProcessTests()

    /// Waits for a `broker` section that fulfils `condition`.
    private func broker(
        _ watcher: PublisherProcessTests.Watcher,
        _ condition: (BrokerState) -> Bool
    ) -> BrokerState? {
        let deadline = MonotonicTime.now() + .seconds(60)
        while MonotonicTime.now() < deadline {
            let word = watcher.reader.changeWord()
            if let state = watcher.reader.read(BrokerState.self, run: watcher.run), condition(state) { return state }
            _ = watcher.reader.waitForChange(after: word, timeout: .seconds(1))
        }
        return nil
    }

    private func checks(_ state: BrokerState) -> Int { state.checks.values.reduce(0, +) }

    @Test func `a publisher that was killed goes on counting where it stopped`() throws {
        let local = try LocalBrokerProcess()
        let watcher = try PublisherProcessTests.Watcher()
        let environment = watcher.environment.merging(["BROKER_URL": local.url]) { $1 }
        let contract = PublisherProcessTests.contract
        try watcher.desire([contract("web", "orders", "/a"), contract("app", "stock", "/a")])
        let first = try tests.publisher([], environment)
        _ = try #require(watcher.publication(watcher.isPublished))
        _ = try #require(broker(watcher) { checks($0) >= 3 })
        first.end(with: SIGKILL, within: .seconds(5))
        // Nobody writes any more.
        let before = try #require(watcher.reader.read(BrokerState.self, run: watcher.run))
        let published = try #require(watcher.reader.read(PublicationState.self, run: watcher.run)).counters
        #expect(before.probeDuration.count == checks(before))
        #expect(published.publishDuration.count == 2)
        #expect(published.changeToPublished.count == 1)
        #expect(published.changeToPublished.sum > published.publishDuration.sum)

        let second = try tests.publisher([], environment)
        // Its very first check: later ones would come to more than before even if it had begun anew.
        let after = try #require(broker(watcher) { $0.checked != before.checked })
        #expect(checks(after) > checks(before))
        #expect(after.probeDuration.count == checks(after))
        #expect((after.checks["ready"] ?? 0) >= (before.checks["ready"] ?? 0))
        #expect(zip(before.probeDuration.counts, after.probeDuration.counts).allSatisfy(<=))
        #expect(after.probeDuration.sum > before.probeDuration.sum)
        let verified = try #require(
            watcher.publication { $0.counters.requests > published.requests && watcher.isPublished($0) }
        )
        #expect(verified.counters.publishDuration == published.publishDuration)
        #expect(verified.counters.changeToPublished == published.changeToPublished)
        #expect(verified.counters.attempts == published.attempts)

        try watcher.desire([contract("web", "orders", "/b"), contract("app", "stock", "/a")])
        let edited = try #require(
            watcher.publication { watcher.isPublished($0) && $0.counters.attempts != published.attempts }
        )
        #expect(edited.counters.publishDuration.count == 3)
        #expect(edited.counters.changeToPublished.count == 2)
        #expect(second.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }
}
