import Glibc
import Shared
import TestSupport
import Testing

/// A name server that never answers: glibc's lookup blocks a thread for as long as resolv.conf says, and nobody can end
/// it. The publisher must neither wait for that thread nor die of it.
@Suite(
    .serialized,
    .enabled(if: SilentNameServer.obstacle == nil, "\(SilentNameServer.obstacle ?? "")"),
    .timeLimit(.minutes(3))
)
struct SilentNameServerTests {
    func manager(
        _ server: SilentNameServer,
        in directory: TemporaryDirectory,
        _ variables: [String: String] = [:]
    ) throws -> ManagerProcess {
        try directory.write("contracts/contract.json", PublisherOnce.contract)
        let base = [
            "BROKER_URL": "http://pact-broker.test:9292", "CONFIGMAP_PATH": directory.path + "/contracts",
            "GIT_COMMIT": "abc", "CHECK_INTERVAL_SECS": "1",
        ]
        return try ManagerProcess(
            variables: base.merging(variables) { $1 },
            stateDirectory: directory.path + "/state",
            wrapper: server.wrapper
        )
    }

    /// Waits until so many checks have ended for want of a name.
    func waitForChecks(_ count: Int, _ manager: ManagerProcess) throws {
        let reader = StateReader(directory: try StateDirectory(resolved: manager.stateDirectory))
        try manager.wait(for: "\(count) checks that end with dns", within: .seconds(120)) {
            guard case .content(let state, _) = reader.read(BrokerState.self) else { return false }
            return state.checks["dns", default: 0] >= count
        }
    }

    func status(_ pid: Int32, _ name: String) throws -> Int {
        let text = try RepositoryFile.text("/proc/\(pid)/status")
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? -1
    }

    /// Six checks take longer than the watchdog's 30 s, and one lookup five times as long: whoever waits for one is
    /// killed. Their threads must find room in the memory that a worker gets in a small pod.
    @Test func thePublisherLivesOnSaysSoAndStopsInTime() throws {
        let server = try SilentNameServer(options: "timeout:30 attempts:5")
        let directory = try TemporaryDirectory()
        let manager = try manager(server, in: directory, ["WORKER_MEMORY_LIMIT": "40M"])
        try manager.wait(for: "the reason", within: .seconds(20)) {
            let (code, body) = manager.get("/readiness")
            return code == 503 && body.contains("\"reason\":\"broker_dns\"")
                && body.contains("the name server does not answer when asked for pact-broker.test:9292")
        }
        let publisher = try #require(manager.pid(of: .publisher))
        try waitForChecks(6, manager)
        #expect(manager.get("/readiness").body.contains("the name server does not answer"))
        let time = MonotonicTime.now() - manager.started
        #expect(time > .seconds(31), "shorter than the watchdog's limit: \(time)")
        #expect(server.takeQuestions() >= 6)
        #expect(manager.pid(of: .publisher) == publisher)
        let worker = manager.processes?.workers.first { $0.name == "publisher" }
        #expect(worker?.restarts == 0)
        #expect(manager.get("/liveness").code == 200)
        let threads = try status(publisher, "Threads")
        let asked = MonotonicTime.now()
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        let stop = MonotonicTime.now() - asked
        #expect(stop < .seconds(5), "\(stop)")
        #expect(!manager.log.lines.contains { $0.contains("publisher") && $0.contains("killed") })
        print("silent name server: \(time.milliseconds) ms, \(threads) threads, stopped in \(stop.milliseconds) ms")
    }

    /// The lookup in flight is abandoned, not waited for: 150 s.
    @Test func aOneShotEndsAtItsTimeout() throws {
        let server = try SilentNameServer(options: "timeout:30 attempts:5")
        let started = MonotonicTime.now()
        let run = try PublisherOnce.run(
            ["BROKER_URL": "http://pact-broker.test:9292"],
            timeout: "2s",
            wrapper: server.wrapper
        )
        #expect(run.exit == .code(69), "\(run.output)")
        #expect(MonotonicTime.now() - started < .seconds(10))
        #expect(server.takeQuestions() > 0)
    }
}
