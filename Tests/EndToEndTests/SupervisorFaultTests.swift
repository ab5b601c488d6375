import Glibc
import Shared
import TestSupport
import Testing

/// The real supervisor on workers that do as they are told.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SupervisorFaultTests {
    /// A directory in which all three workers are doubles.
    func manager(
        _ variables: [String: String] = [:],
        in directory: TemporaryDirectory,
        wrapper: [String] = [],
        stateIsVisible: Bool = true,
        readsOutput: Bool = true
    ) throws -> ManagerProcess {
        let workers = directory.path + "/workers"
        if mkdir(workers, 0o755) == 0 {
            // Beside the tests, also where these run the release programs.
            let double = try BuiltProducts.testDouble("WorkerDouble")
            for worker in WorkerName.allCases where symlink(double, "\(workers)/\(worker.rawValue)") != 0 {
                throw SystemError(call: "symlink", number: errno, subject: workers)
            }
        }
        var all = ["WORKER_DIRECTORY": workers]
        all.merge(variables) { _, new in new }
        return try ManagerProcess(
            variables: all,
            stateDirectory: directory.path + "/state",
            wrapper: wrapper,
            stateIsVisible: stateIsVisible,
            readsOutput: readsOutput
        )
    }

    func worker(_ name: WorkerName, of manager: ManagerProcess) -> ProcessesState.Worker? {
        manager.processes?.workers.first { $0.name == name.rawValue }
    }

    func allReady(_ manager: ManagerProcess) throws {
        try manager.wait(for: "all workers ready") {
            manager.processes?.workers.allSatisfy { $0.phase == .ready } == true
        }
    }

    @Test(arguments: [SIGKILL, SIGSEGV, SIGABRT, SIGTERM])
    func restartsAWorkerThatASignalEnded(signal: Int32) throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(in: directory)
        try allReady(manager)
        for name in WorkerName.allCases {
            let pid = try #require(manager.pid(of: name))
            kill(pid, signal)
            try manager.wait(for: "a new \(name.rawValue)") {
                let now = worker(name, of: manager)
                return now?.pid != pid && now?.phase == .ready && now?.lastExit?.signal == signal
            }
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    @Test func slowsDownAWorkerThatExitsAtOnceAndKeepsTheOthers() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(["DOUBLE_PUBLISHER": "exit=3"], in: directory)
        try manager.wait(for: "a crash loop") { worker(.publisher, of: manager)?.crashLooping == true }
        #expect(worker(.publisher, of: manager)?.lastExit?.code == 3)
        #expect(worker(.watcher, of: manager)?.restarts == 0)
        try manager.log.waitForLine(containing: "worker is crash-looping", within: .seconds(5))
        let lines = manager.log.lines.filter { $0.contains("worker exited") }
        #expect(lines.count <= 5)
    }

    @Test func replacesAStoppedWorkerByTheWatchdog() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(in: directory)
        try allReady(manager)
        let pid = try #require(manager.pid(of: .healthServer))
        let began = MonotonicTime.now()
        kill(pid, SIGSTOP)
        try manager.wait(for: "a new health server") {
            let now = worker(.healthServer, of: manager)
            return now?.pid != pid && now?.phase == .ready
        }
        let took = MonotonicTime.now() - began
        print("a stopped health server was replaced after \(took.milliseconds) ms (limit 3 s, SIGABRT, 1 s, SIGKILL)")
        #expect(worker(.healthServer, of: manager)?.restartsByReason["heartbeat"] == 1)
        #expect(took >= .seconds(2))
    }

    @Test func reapsOrphansAndEndsWhatAWorkerLeftBehind() throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/child.pid"
        let manager = try manager(
            ["DOUBLE_WATCHER": "orphan ready beat", "DOUBLE_PUBLISHER": "child ready beat", "DOUBLE_CHILD_FILE": file],
            in: directory
        )
        try allReady(manager)
        try manager.wait(for: "the child's pid") { (try? RepositoryFile.text(file))?.hasSuffix("\n") == true }
        let child = try #require(Int32(try RepositoryFile.text(file).filter(\.isNumber)))
        kill(try #require(manager.pid(of: .publisher)), SIGKILL)
        try manager.wait(for: "the child gone with its worker") { kill(child, 0) != 0 && errno == ESRCH }
        try manager.wait(for: "orphans counted") { (manager.processes?.reapedOrphans ?? 0) >= 1 }
    }

    @Test func keepsTheLastWordsOfADeadWorkerAndNamesIt() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(["DOUBLE_WATCHER": "say=two_words half"], in: directory)
        let line = try manager.log.waitForLine(containing: "half a line", within: .seconds(10))
        #expect(line.contains(" INFO watcher: output text=\"half a line\""))
        #expect(manager.log.lines.contains { $0.contains("watcher: output text=\"two words\"") })
    }

    @Test func countsTheLinesThatABlockedStandardOutputDoesNotTake() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(
            ["DOUBLE_PUBLISHER": "flood=20000 ready beat"],
            in: directory,
            readsOutput: false
        )
        try manager.wait(for: "dropped lines") { (worker(.publisher, of: manager)?.droppedLogLines ?? 0) > 0 }
        #expect(worker(.publisher, of: manager)?.phase == .ready)
        manager.signal(SIGTERM)
        try manager.wait(for: "the stop") { manager.processes?.workers.allSatisfy { $0.phase == .stopped } == true }
    }

    @Test func stopsInOrderAndKillsWhatIgnoresIt() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(["DOUBLE_WATCHER": "ignore-term ready beat"], in: directory)
        try allReady(manager)
        let began = MonotonicTime.now()
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        let took = MonotonicTime.now() - began
        #expect(took < .seconds(5))
        #expect(manager.log.lines.contains { $0.contains("worker is killed") && $0.contains("worker=watcher") })
        print("stopped with a worker that ignores SIGTERM in \(took.milliseconds) ms")
    }

    @Test func aSecondStopSignalDoesNotWait() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(
            ["DOUBLE_PUBLISHER": "ignore-term ready beat", "DOUBLE_WATCHER": "ignore-term ready beat"],
            in: directory
        )
        try allReady(manager)
        let began = MonotonicTime.now()
        manager.signal(SIGTERM)
        try manager.log.waitForLine(containing: "stopping", within: .seconds(5))
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        // Two workers that ignore it, one after the other, would have 2 s and 1 s for the first signal.
        let took = MonotonicTime.now() - began
        print("stopped by a second signal in \(took.milliseconds) ms")
        #expect(took < .seconds(3))
    }

    @Test func noWorkerSurvivesAKilledSupervisor() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(in: directory)
        try allReady(manager)
        let pids = WorkerName.allCases.compactMap { manager.pid(of: $0) }
        #expect(pids.count == 3)
        manager.end(with: SIGKILL, within: .seconds(5))
        try manager.wait(for: "all workers gone") {
            // Whoever adopts them may never reap them: a container's PID 1 can be anything.
            pids.allSatisfy { ["", "Z", "X"].contains(ProcessTree.state(of: $0)) }
        }
    }

    @Test func restartsOneAfterTheOtherOnSIGHUP() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(in: directory)
        try allReady(manager)
        let before = WorkerName.allCases.compactMap { manager.pid(of: $0) }
        manager.signal(SIGHUP)
        try manager.log.waitForLine(containing: "all workers restarted", within: .seconds(10))
        try allReady(manager)
        let after = WorkerName.allCases.compactMap { manager.pid(of: $0) }
        #expect(Set(before).isDisjoint(with: after))
        #expect(manager.processes?.workers.allSatisfy { $0.restarts == 0 } == true)
    }

    @Test func workersInheritOnlyWhatIsListed() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(
            [
                "DOUBLE_HEALTH_SERVER": "descriptors environment ready beat",
                "DOUBLE_WATCHER": "descriptors environment ready beat",
                "BROKER_PASSWORD": "do-not-tell",
            ],
            in: directory
        )
        try allReady(manager)
        // 0 to 2, for the health server the listening socket, and their own notify socket.
        try manager.log.waitForLine(containing: "health-server descriptors 0,1,2,3,4\"", within: .seconds(5))
        try manager.log.waitForLine(containing: "watcher descriptors 0,1,2,3\"", within: .seconds(5))
        try manager.log.waitForLine(containing: "env WATCHDOG_USEC=30000000", within: .seconds(5))
        #expect(!manager.log.lines.contains { $0.contains("do-not-tell") })
    }

    @Test func aLeakingWorkerDiesAlone() throws {
        let directory = try TemporaryDirectory()
        let manager = try manager(["DOUBLE_PUBLISHER": "ready leak", "WORKER_MEMORY_LIMIT": "64M"], in: directory)
        try manager.wait(for: "the leak's end") { (worker(.publisher, of: manager)?.restarts ?? 0) > 0 }
        #expect(worker(.publisher, of: manager)?.lastExit?.signal != nil)
        #expect(worker(.healthServer, of: manager)?.restarts == 0)
        #expect(worker(.watcher, of: manager)?.restarts == 0)
    }
}
