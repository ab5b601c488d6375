import Glibc
import Shared
import TestSupport
import Testing

@testable import Publisher

/// Damaged files and overwritten contents, with real processes.
extension PublisherProcessTests {
    /// As a node's crash may leave it: the right size, other bytes.
    @Test func `a damaged contract file holds up no other contract and is told once`() throws {
        let broker = try LocalBrokerProcess()
        let watcher = try Watcher()
        let process = try publisher([], watcher.environment.merging(["BROKER_URL": broker.url]) { $1 })
        #expect(watcher.publication { _ in true } != nil)
        let documents = ["orders", "parcels", "stock"].map { Self.contract("web", $0) }
        let damaged = ContentHash.sha256Hex(Array(documents[1].utf8))
        try watcher.desire(documents, damaging: damaged)
        let isHeldUp = { (pair: PublishedPair) in pair.lastError?.contains("damaged") == true }
        let first = watcher.publication(within: .seconds(10)) { $0.pairs.contains(where: isHeldUp) }
        #expect(first?.pairs.filter(isHeldUp).map(\.provider) == ["parcels"])
        let others = watcher.publication(within: .seconds(10)) { $0.pairs.count { $0.verifiedSHA256 != nil } == 2 }
        #expect(others?.pairs.filter(isHeldUp).map(\.provider) == ["parcels"])
        // It is tried again meanwhile, silently; then the watcher repairs it.
        let deadline = MonotonicTime.now() + .seconds(3)
        _ = watcher.publication(within: .seconds(10)) { _ in MonotonicTime.now() > deadline }
        let store = ContractStore(directory: watcher.directory)
        try store.store(Array(documents[1].utf8), sha256: damaged, comparing: true)
        #expect(watcher.publication(watcher.isPublished) != nil)
        process.signal(SIGTERM)
        let log = try process.wait(within: .seconds(5)).output
        #expect(log.components(separatedBy: "contract cannot be read").count - 1 == 1, "\(log)")
        #expect(log.components(separatedBy: "file is missing or damaged").count - 1 == 1)
    }

    @Test func `the broker's SHA is compared with ours from the first read on`() throws {
        let broker = try LocalBrokerProcess(arguments: ["--allow-content-changes"])
        let watcher = try Watcher()
        let process = try publisher([], watcher.environment.merging(["BROKER_URL": broker.url]) { $1 })
        let documents = [Self.contract("web", "orders"), Self.contract("web", "stock")]
        try watcher.desire(documents)
        let posts = { try broker.requests().components(separatedBy: "/contracts/publish").count - 1 }
        // Both are read, and found to be ours: our computation agrees.
        let deadline = MonotonicTime.now() + .seconds(30)
        while watcher.publication({ _ in true })?.counters.requests ?? 0 < 16 {
            try #require(MonotonicTime.now() < deadline)
            _ = watcher.reader.waitForChange(after: watcher.reader.changeWord(), timeout: .milliseconds(100))
            try watcher.touch()
        }
        #expect(try posts() == 1)
        // Other content under the next version, right after our publication of it.
        let changed = [documents[0], Self.contract("web", "stock", path: "/ours")]
        try watcher.desire(changed)
        while try posts() < 2 { try #require(MonotonicTime.now() < deadline) }
        let digest = VersionPolicy.digest(
            zip(["orders", "stock"], changed).map { ($0, ContentHash.sha256Hex(Array($1.utf8))) }
        )
        let answer = try broker.client.put(
            "/pacts/provider/stock/consumer/web/version/main-abc-\(digest)",
            Self.contract("web", "stock", path: "/theirs")
        )
        #expect(answer.status == 200)
        let repaired = watcher.publication { $0.counters.repairs["different"] == 1 && watcher.isPublished($0) }
        #expect(repaired != nil)
        let served = try broker.client.get("/pacts/provider/stock/consumer/web/latest").text
        #expect(served.contains("/ours") && !served.contains("/theirs"))
        #expect(process.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }
}
