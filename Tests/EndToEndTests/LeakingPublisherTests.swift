import Glibc
import Shared
import TestSupport
import Testing

/// The real publisher needs more memory than it may have; nobody else notices.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LeakingPublisherTests {
    /// Measured in a debug build with this contract (2026-11): the watcher's data segment reaches 28 MiB, the
    /// publisher's 61 MiB, for it holds the contract, its Base64 and the request at the same time.
    static let limit = "40M"
    /// Of the 16 MiB that one file may have.
    static let contractBytes = 12 << 20

    static func contract(bodyBytes: Int) -> [UInt8] {
        let head =
            #"{"consumer":{"name":"web"},"provider":{"name":"orders"},"interactions":[{"description":"a","#
            + #""request":{"method":"GET","path":"/thing"},"response":{"status":200,"body":""#
        return Array(head.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: bodyBytes) + Array(#""}}]}"#.utf8)
    }

    @Test func onlyThePublisherDiesUntilTheContractIsSmaller() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess()
        let volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(["web-orders.json": Self.contract(bodyBytes: Self.contractBytes)])
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "BROKER_USERNAME": "", "CONFIGMAP_PATH": volume.path,
                "GIT_COMMIT": "abc1234", "CHECK_INTERVAL_SECS": "1", "WORKER_MEMORY_LIMIT": Self.limit,
            ],
            stateDirectory: directory.path + "/state"
        )
        func worker(_ name: WorkerName) -> ProcessesState.Worker? {
            manager.processes?.workers.first { $0.name == name.rawValue }
        }
        try manager.wait(for: "/liveness 200") { manager.get("/liveness").code == 200 }
        let others = [WorkerName.watcher, .healthServer].compactMap { manager.pid(of: $0) }
        #expect(others.count == 2)

        let prober = try KubeletProber(port: manager.port)
        let began = MonotonicTime.now()
        try manager.wait(for: "six deaths", within: .seconds(40)) { (worker(.publisher)?.restarts ?? 0) >= 6 }
        let took = MonotonicTime.now() - began
        #expect(worker(.publisher)?.lastExit?.signal == SIGABRT)
        #expect(worker(.publisher)?.crashLooping == true)
        let readiness = manager.get("/readiness")
        #expect(readiness.code == 503, "\(readiness.body)")

        // What it cannot send is taken away: nobody has to restart anything.
        try volume.publish(["web-orders.json": Self.contract(bodyBytes: 1000)])
        try manager.wait(for: "the small contract", within: .seconds(40)) {
            manager.get("/providers/orders/ready").code == 200
        }
        let oracle = ProbeOracle(prober.stop(), [], start: began)
        print("6 deaths of the publisher in \(took.milliseconds) ms; \(oracle.summary)")
        #expect(oracle.violations.isEmpty, "\(oracle.violations.prefix(10))")
        #expect(oracle.answered > 100)
        #expect([WorkerName.watcher, .healthServer].compactMap { manager.pid(of: $0) } == others)
        for name in [WorkerName.watcher, .healthServer] {
            #expect(worker(name)?.restarts == 0 && worker(name)?.phase == .ready, "\(name)")
        }
        for words in [
            ["WARN manager: worker exited", "worker=publisher", "exit.signal=SIGABRT"],
            ["WARN manager: worker is crash-looping", "worker=publisher"],
            [" publisher: ", "failed to allocate"],
        ] {
            #expect(manager.log.lines.contains { line in words.allSatisfy { line.contains($0) } }, "\(words)")
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }
}
