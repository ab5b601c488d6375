import Glibc
import Shared
import TestSupport
import Testing

/// A state directory that is not ours to write to yet, whose lock goes away, or whose troubles nobody reads about.
@Suite(.serialized, .timeLimit(.minutes(3))) struct StateDirectoryFaultTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
    }

    /// A volume that only root may write to, until somebody opens it up: nobody dies meanwhile, and it is used then.
    @Test func aDirectoryThatBecomesWritableIsUsed() throws {
        if let obstacle = RestrictedContainerTests.obstacle { return print("skipped: \(obstacle)") }
        let broker = try LocalBrokerProcess(username: "pact", password: "pact")
        mkdir(directory.path + "/contracts", 0o755)
        let state = directory.path + "/state"
        mkdir(state, 0o755)
        let manager = try ManagerProcess(
            variables: ["BROKER_URL": broker.url, "CONFIGMAP_PATH": directory.path + "/contracts"],
            stateDirectory: state,
            wrapper: OtherUser.wrapper,
            stateIsVisible: false
        )
        try manager.wait(for: "the reason") {
            #expect(manager.get("/liveness").code == 200)
            return manager.get("/readiness").body.contains("state_not_writable")
        }
        try manager.wait(for: "three workers") { ProcessTree.children(of: manager.processID).count == 3 }
        let workers = Set(ProcessTree.children(of: manager.processID))
        chmod(state, 0o777)
        try manager.wait(for: "/readiness of an empty directory") {
            let (code, body) = manager.get("/readiness")
            return code == 200 || body.contains("no_contracts")
        }
        #expect(Set(ProcessTree.children(of: manager.processID)) == workers, "a worker died of it")
        #expect(access(state + "/65534/state.json", F_OK) == 0)
        #expect(!manager.log.lines.contains { $0.contains("cannot start") })
    }

    /// One line from each process that says why, and one hint in all, however often writing is tried; `status` finds the
    /// manager all the same.
    @Test func anUnusableDirectoryIsToldOncePerProcess() throws {
        if let obstacle = RestrictedContainerTests.obstacle { return print("skipped: \(obstacle)") }
        mkdir(directory.path + "/contracts", 0o755)
        mkdir(directory.path + "/state", 0o755)
        let manager = try ManagerProcess(
            variables: [
                "CONFIGMAP_PATH": directory.path + "/contracts", "BROKER_URL": "http://127.0.0.1:1", "BROKER_ULR": "x",
            ],
            stateDirectory: directory.path + "/state",
            wrapper: OtherUser.wrapper,
            stateIsVisible: false
        )
        let words = "state cannot be written"
        for name in ["manager", "watcher", "publisher"] {
            try manager.log.waitForLine(containing: "ERROR \(name): \(words)", within: .seconds(20))
        }
        // A death, its repair and the stop are what used to say it all again.
        let victim = try #require(ProcessTree.children(of: manager.processID).last)
        kill(victim, SIGKILL)
        try manager.wait(for: "a successor") {
            let children = ProcessTree.children(of: manager.processID)
            return children.count == 3 && !children.contains(victim)
        }
        let why =
            "state is not writable at \(directory.path)/state/65534: \(directory.path)/state is not writable by uid 65534"
        #expect(manager.get("/readiness").body.contains(why))
        // However the same directory is written; another one is not it.
        for (ending, isFound) in [("/state", true), ("/state//", true), ("/stat", false)] {
            let status = try TestChildProcess(
                try BuiltProducts.path("manager"),
                ["status"],
                environment: ["STATE_DIR=\(directory.path)\(ending)"]
            )
            .wait(within: .seconds(20))
            #expect(status.exit == .code(isFound ? 0 : ExitCode.notRunning.rawValue), "\(ending): \(status.output)")
            let words = "A manager is running (pid \(manager.processID))"
            #expect(status.output.contains(words) == isFound, "\(ending): \(status.output)")
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        let told = manager.log.lines.filter { $0.contains(words) }
        // The killed worker's successor is a process of its own.
        #expect((3...4).contains(told.count), "\(told.joined(separator: "\n"))")
        #expect(told.allSatisfy { $0.contains(why) }, "\(told.joined(separator: "\n"))")
        #expect(manager.log.lines.filter { $0.contains("emptyDir: {}") }.count == 1)
        #expect(!manager.log.lines.contains { $0.contains("No such file") })
        #expect(manager.log.lines.filter { $0.contains("did you mean BROKER_URL?") }.count == 1)
    }

    /// Somebody deletes `lock`: the manager takes it again, so that a second one still finds the first.
    @Test func aDeletedLockIsTakenAgainByTheManager() throws {
        let faults = SupervisorFaultTests()
        let manager = try faults.manager(in: directory)
        try faults.allReady(manager)
        let state = try StateDirectory(resolved: directory.path + "/state")
        #expect(StateLocks.holder(.manager, in: state)?.pid == manager.processID)
        unlink(directory.path + "/state/lock")
        try manager.wait(for: "the lock at the next tick") {
            StateLocks.holder(.manager, in: state)?.pid == manager.processID
        }
    }

    /// Standard output and standard error go to one pipe that nobody reads. A state that cannot be written is said there
    /// too, and must not stop the one thread that supervises.
    @Test func aStateProblemThatNobodyReadsBlocksNothing() throws {
        let faults = SupervisorFaultTests()
        let manager = try faults.manager(
            ["DOUBLE_PUBLISHER": "flood=20000 ready beat"],
            in: directory,
            readsOutput: false
        )
        try manager.wait(for: "dropped lines") {
            (faults.worker(.publisher, of: manager)?.droppedLogLines ?? 0) > 0
        }
        let state = directory.path + "/state"
        for _ in 0..<3 {
            rename(state, state + ".gone")
            symlink("/nowhere", state)
            let before = ProcessTree.children(of: manager.processID)
            // A death makes the supervisor write to the state, and fail.
            let victim = try #require(before.last)
            kill(victim, SIGKILL)
            try manager.wait(for: "a successor") {
                let children = ProcessTree.children(of: manager.processID)
                return children.count == 3 && !children.contains(victim)
            }
            unlink(state)
            rename(state + ".gone", state)
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    /// `ulimit -d` of the container below the figure that we would choose.
    @Test func aHardMemoryLimitOfTheContainerStays() throws {
        if let obstacle = RestrictedContainerTests.obstacle { return print("skipped: \(obstacle)") }
        guard access("/usr/bin/prlimit", X_OK) == 0 else { return print("skipped: prlimit is not installed") }
        mkdir(directory.path + "/contracts", 0o755)
        mkdir(directory.path + "/state", 0o777)
        chmod(directory.path + "/state", 0o777)
        let manager = try ManagerProcess(
            variables: ["CONFIGMAP_PATH": directory.path + "/contracts", "WORKER_MEMORY_LIMIT": "512M"],
            stateDirectory: directory.path + "/state",
            wrapper: ["/usr/bin/prlimit", "--data=314572800"] + OtherUser.wrapper,
            stateIsVisible: false
        )
        try manager.wait(for: "three workers") {
            manager.get("/liveness").code == 200 && ProcessTree.children(of: manager.processID).count == 3
        }
        for pid in ProcessTree.children(of: manager.processID) {
            let limits = try RepositoryFile.text("/proc/\(pid)/limits")
            let line = limits.split(separator: "\n").first { $0.hasPrefix("Max data size") } ?? ""
            #expect(line.split(separator: " ").filter { $0 == "314572800" }.count == 2, "\(line)")
        }
    }
}
