import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

/// The real health server with more connections than descriptors: it neither dies nor spins.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DescriptorShortageTests {
    /// What a client does with its connection.
    enum Client: String, CaseIterable, Sendable {
        case silent
        case waiting
    }

    private func manager(in directory: TemporaryDirectory, wrapper: [String] = []) throws -> ManagerProcess {
        let volume = try KubeletVolume(directory.path + "/mount")
        let manager = try ManagerProcess(
            variables: ["BROKER_URL": "http://127.0.0.1:1", "CONFIGMAP_PATH": volume.path],
            stateDirectory: directory.path + "/state",
            wrapper: wrapper
        )
        try manager.wait(for: "all workers ready") {
            manager.processes?.workers.allSatisfy { $0.phase == .ready } == true && manager.get("/liveness").code == 200
        }
        return manager
    }

    private func connect(_ count: Int, _ client: Client, to port: UInt16) throws -> [TestSocket] {
        let deadline = MonotonicTime.now() + .seconds(20)
        return try (0..<count)
            .map { _ in
                let socket = try TestSocket(host: "127.0.0.1", port: port, deadline: deadline)
                if client == .waiting {
                    let request = "GET /providers/P/ready?wait=300s HTTP/1.1\r\nHost: mock\r\n\r\n"
                    try socket.write(Array(request.utf8), deadline: deadline)
                }
                return socket
            }
    }

    /// The share of one CPU that a process took since an earlier look.
    private func share(_ pid: Int32, since: (used: Duration, at: MonotonicTime)) throws -> Double {
        let used = try #require(ProcessTree.processorTime(of: pid)) - since.used
        return Double(used.nanoseconds) / Double((MonotonicTime.now() - since.at).nanoseconds)
    }

    private func noWorkerWasRestarted(_ manager: ManagerProcess, _ pid: Int32) {
        #expect(manager.pid(of: .healthServer) == pid)
        #expect(manager.processes?.workers.allSatisfy { $0.restarts == 0 && $0.phase == .ready } == true)
    }

    @Test(arguments: Client.allCases) func everyProbeIsAnsweredWhereDescriptorsAreFew(client: Client) throws {
        if let obstacle = ResourceLimit.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        let limit = 64
        let manager = try manager(in: directory, wrapper: [ResourceLimit.program, "--nofile=\(limit):\(limit)"])
        let pid = try #require(manager.pid(of: .healthServer))
        let atRest = ProcessTree.descriptorCount(of: pid)
        let began = MonotonicTime.now()
        let before = (used: try #require(ProcessTree.processorTime(of: pid)), at: began)
        let prober = try KubeletProber(port: manager.port, every: .milliseconds(20))
        let connections = try connect(100, client, to: manager.port)
        let held = prober.count
        var most = 0
        try manager.wait(for: "100 probes") {
            most = max(most, ProcessTree.descriptorCount(of: pid))
            return prober.count >= held + 100
        }
        let share = try share(pid, since: before)
        let oracle = ProbeOracle(prober.stop(), [], start: began)
        print(
            "descriptors: \(client.rawValue): at most \(most) of \(limit), \(Int(share * 100)) % of a CPU; \(oracle.summary)"
        )
        #expect(oracle.violations.isEmpty, "\(oracle.violations.prefix(10))")
        // And what a look at the state takes.
        #expect(most <= atRest + ServerLimits(descriptors: UInt64(limit)).connections + 4)
        // A loop that spins takes all of it.
        #expect(share < 0.9)
        for words in ["few descriptors: fewer connections are served", "every place for a connection is taken"] {
            #expect(manager.log.lines.filter { $0.contains(words) }.count == 1, "\(words)")
        }
        noWorkerWasRestarted(manager, pid)
        withExtendedLifetime(connections) {}
    }

    @Test func probesComeBackWithTheFirstFreeDescriptor() throws {
        if let obstacle = ResourceLimit.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        let manager = try manager(in: directory)
        let pid = try #require(manager.pid(of: .healthServer))
        // Less than it was started with: what it planned with is wrong now, as where the whole machine has none left.
        let limit = ProcessTree.descriptorCount(of: pid) + 4
        try ResourceLimit.set(pid, "--nofile=\(limit):\(limit)")
        var connections = try connect(40, .silent, to: manager.port)
        try manager.log.waitForLine(containing: "no descriptor left for a connection", within: .seconds(20))
        let before = (used: try #require(ProcessTree.processorTime(of: pid)), at: MonotonicTime.now())
        // Three seconds in the queue: a shortage that nobody sees is none.
        for _ in 0..<3 { #expect(Probe.send(port: manager.port).outcome == .timedOut) }
        let share = try share(pid, since: before)
        #expect(share < 0.5)

        connections.removeAll()
        let closed = MonotonicTime.now()
        #expect(Probe.send(port: manager.port).outcome == .answered(200))
        let took = MonotonicTime.now() - closed
        print("descriptors: none left: \(Int(share * 100)) % of a CPU; answered \(took.milliseconds) ms after the end")
        for _ in 0..<20 { #expect(Probe.send(port: manager.port).outcome == .answered(200)) }
        #expect(manager.log.lines.filter { $0.contains("no descriptor left for a connection") }.count == 1)
        noWorkerWasRestarted(manager, pid)
    }
}
