import Glibc
import Shared
import TestSupport
import Testing

/// The built `publisher` against the built `local-broker`.
@Suite("The publisher as a process", .timeLimit(.minutes(2)))
struct PublisherProcessTests {
    static func contract(_ consumer: String, _ provider: String, path: String = "/thing") -> String {
        #"{"consumer":{"name":"\#(consumer)"},"provider":{"name":"\#(provider)"},"interactions":[{"description":"a","#
            + #""request":{"method":"GET","path":"\#(path)"},"response":{"status":200}}]}"#
    }

    func publisher(_ arguments: [String], _ environment: [String: String]) throws -> TestChildProcess {
        let all = ["GIT_COMMIT": "abc", "LOG_LEVEL": "info"].merging(environment) { $1 }
        return try TestChildProcess(
            try BuiltProducts.path("publisher"),
            arguments,
            environment: all.map { "\($0.key)=\($0.value)" }
        )
    }

    // MARK: Continuous

    /// A state directory with the watcher's section, written by the test.
    final class Watcher {
        let temporary: TemporaryDirectory
        let directory: StateDirectory
        let writer: StateWriter<SourceState>
        let reader: StateReader
        let run = "run-1"
        private var revision = 0

        init() throws {
            temporary = try TemporaryDirectory()
            directory = try StateDirectory.prepare(setting: temporary.path + "/state")
            writer = try StateWriter(directory: directory, run: run)
            reader = StateReader(directory: directory)
        }

        func desire(_ documents: [String], damaging damaged: String? = nil) throws {
            let files = documents.enumerated().map { (key: "\($0.offset).json", bytes: Array($0.element.utf8)) }
            let grouping = ContractGrouping(files)
            let store = ContractStore(directory: directory)
            for contract in grouping.pairs.compactMap(\.content) {
                let isDamaged = contract.sha256 == damaged
                let bytes = isDamaged ? [UInt8](repeating: 0, count: contract.bytes.count) : contract.bytes
                try store.store(bytes, sha256: contract.sha256)
            }
            var state = SourceState(run: run, description: "test", status: .present)
            revision += 1
            state.revision = "revision-\(revision)"
            state.changed = .now()
            state.pairs = grouping.pairs.map(\.desired)
            try writer.commit(state)
        }

        var environment: [String: String] {
            [InternalVariable.runID: run, InternalVariable.stateDirectory: directory.path, "CHECK_INTERVAL_SECS": "1"]
        }

        /// The same set under another revision: the publisher writes its section anew.
        func touch() throws {
            guard case .content(var state, _) = StateReader(directory: directory).read(SourceState.self) else { return }
            revision += 1
            state.revision = "revision-\(revision)"
            try writer.commit(state)
        }

        /// Waits for a publication that fulfils `condition`.
        func publication(
            within limit: Duration = .seconds(60),
            _ condition: (PublicationState) -> Bool
        ) -> PublicationState? {
            let deadline = MonotonicTime.now() + limit
            while MonotonicTime.now() < deadline {
                let word = reader.changeWord()
                if let state = reader.read(PublicationState.self, run: run), condition(state) { return state }
                _ = reader.waitForChange(after: word, timeout: .seconds(1))
            }
            return nil
        }

        /// Everything of the present revision is proven.
        func isPublished(_ state: PublicationState) -> Bool {
            state.sourceRevision == "revision-\(revision)" && state.queueLength == 0 && !state.pairs.isEmpty
        }
    }

    @Test func `a change of the desired set is published and proven, and SIGTERM ends it at once`() throws {
        let broker = try LocalBrokerProcess()
        let watcher = try Watcher()
        let process = try publisher([], watcher.environment.merging(["BROKER_URL": broker.url]) { $1 })
        try watcher.desire([Self.contract("web", "orders"), Self.contract("web", "stock")])
        let first = try #require(watcher.publication(watcher.isPublished))
        #expect(first.pairs.map(\.version) == ["main-abc", "main-abc"])
        #expect(first.verifiedOnce)
        #expect(first.pairs.allSatisfy { $0.publishedAt != nil && $0.publishingSHA256 == nil })

        try watcher.desire([Self.contract("web", "orders", path: "/changed"), Self.contract("web", "stock")])
        let second = try #require(watcher.publication(watcher.isPublished))
        #expect(second.pairs[0].verifiedSHA256 != first.pairs[0].verifiedSHA256)
        #expect(second.pairs[1].verifiedSHA256 == first.pairs[1].verifiedSHA256)
        #expect(second.pairs.allSatisfy { $0.version?.hasPrefix("main-abc-") == true })
        #expect(second.events.contains { $0.message == "changed contract published" })
        #expect(process.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }

    @Test func `a broker that comes later is waited for, and emptied it is filled again`() throws {
        let watcher = try Watcher()
        let absent = try LocalBrokerProcess()
        let port = absent.port
        absent.stop()
        let process = try publisher([], watcher.environment.merging(["BROKER_URL": absent.url]) { $1 })
        try watcher.desire([Self.contract("web", "orders")])
        let deadline = MonotonicTime.now() + .seconds(30)
        while watcher.reader.read(BrokerState.self, run: watcher.run)?.status != .refused {
            try #require(MonotonicTime.now() < deadline)
            _ = watcher.reader.waitForChange(after: watcher.reader.changeWord(), timeout: .milliseconds(100))
        }
        let broker = try LocalBrokerProcess(port: port)
        #expect(watcher.publication(watcher.isPublished) != nil)
        try broker.faults(#"{"wipe": true}"#)
        let repaired = watcher.publication { watcher.isPublished($0) && $0.counters.repairs["missing"] == 1 }
        #expect(repaired != nil)
        #expect(try broker.client.get("/pacts/provider/orders/consumer/web/latest").status == 200)
        #expect(process.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }

    @Test func `killed and started again within the run it publishes nothing twice`() throws {
        let broker = try LocalBrokerProcess()
        let watcher = try Watcher()
        let environment = watcher.environment.merging(["BROKER_URL": broker.url]) { $1 }
        try watcher.desire([Self.contract("web", "orders"), Self.contract("app", "stock")])
        let first = try publisher([], environment)
        let before = try #require(watcher.publication(watcher.isPublished))
        first.end(with: SIGKILL, within: .seconds(5))
        let posts = { try broker.requests().components(separatedBy: "/contracts/publish").count - 1 }
        let sent = try posts()
        let second = try publisher([], environment)
        let later = watcher.publication { $0.counters.requests > before.counters.requests && watcher.isPublished($0) }
        #expect(later != nil)
        #expect(try posts() == sent)
        #expect(second.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }

    @Test func `SIGTERM ends it at once while an answer hangs`() throws {
        let server = try StubHTTPServer { _ in .hang }
        defer { server.stop() }
        let watcher = try Watcher()
        let process = try publisher([], watcher.environment.merging(["BROKER_URL": server.url]) { $1 })
        let deadline = MonotonicTime.now() + .seconds(30)
        while server.requests.isEmpty {
            try #require(MonotonicTime.now() < deadline)
            _ = watcher.reader.waitForChange(after: watcher.reader.changeWord(), timeout: .milliseconds(50))
        }
        // The state says that a request is under way, and until when.
        while watcher.reader.read(BrokerState.self, run: watcher.run)?.requestDeadline == nil {
            try #require(MonotonicTime.now() < deadline)
            _ = watcher.reader.waitForChange(after: watcher.reader.changeWord(), timeout: .milliseconds(100))
        }
        #expect(process.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }

    @Test func `new credentials in a file are used without a restart`() throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "second")
        let watcher = try Watcher()
        try watcher.temporary.write("password", "first\n")
        let environment = watcher.environment.merging([
            "BROKER_URL": broker.url, "BROKER_PASSWORD_FILE": watcher.temporary.path + "/password",
        ]) { $1 }
        let process = try publisher([], environment)
        try watcher.desire([Self.contract("web", "orders")])
        let deadline = MonotonicTime.now() + .seconds(30)
        while watcher.reader.read(BrokerState.self, run: watcher.run)?.status != .unauthorized {
            try #require(MonotonicTime.now() < deadline)
            _ = watcher.reader.waitForChange(after: watcher.reader.changeWord(), timeout: .milliseconds(100))
        }
        try watcher.temporary.write("password", "second\n")
        #expect(watcher.publication(watcher.isPublished) != nil)
        #expect(process.end(with: SIGTERM, within: .seconds(5)) == .code(0))
    }
}
