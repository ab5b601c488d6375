import Glibc
import Shared
import TestSupport
import Testing

/// Starting a worker fails in every way that the system knows; the supervisor stays and tries again.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SpawnFaultTests {
    private let faults = SupervisorFaultTests()

    /// Kills the publisher and waits until its replacement has failed to start for `reason`.
    private func killPublisher(_ manager: ManagerProcess, expecting reason: String) throws {
        let pid = try #require(manager.pid(of: .publisher))
        kill(pid, SIGKILL)
        try manager.wait(for: "the failure to start: \(reason)") {
            faults.worker(.publisher, of: manager)?.lastExit?.spawnFailure?.contains(reason) == true
        }
        #expect((faults.worker(.publisher, of: manager)?.restartsByReason["spawn"] ?? 0) >= 1)
        for name in [WorkerName.healthServer, .watcher] {
            #expect(faults.worker(name, of: manager)?.phase == .ready)
        }
    }

    private func publisherReturns(_ manager: ManagerProcess) throws {
        // The delay doubles while it fails, at most to 30 s.
        try manager.wait(for: "the publisher's return", within: .seconds(40)) {
            faults.worker(.publisher, of: manager)?.phase == .ready
        }
    }

    @Test func aWorkerThatIsNoProgramOrIsGoneComesBackWithItsFile() throws {
        let directory = try TemporaryDirectory()
        let manager = try faults.manager(in: directory)
        try faults.allReady(manager)
        let path = directory.path + "/workers/publisher"
        let program = try BuiltProducts.testDouble("WorkerDouble")
        unlink(path)
        try killPublisher(manager, expecting: String(cString: strerror(ENOENT)))
        try directory.write("workers/publisher", "this is no program\n")
        chmod(path, 0o755)
        try manager.wait(for: "the format error") {
            faults.worker(.publisher, of: manager)?.lastExit?.spawnFailure?
                .contains(String(cString: strerror(ENOEXEC))) == true
        }
        try manager.log.waitForLine(containing: "publisher", within: .seconds(5))
        unlink(path)
        try #require(symlink(program, path) == 0)
        try publisherReturns(manager)
    }

    @Test func noDescriptorsLeft() throws {
        if let obstacle = ResourceLimit.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        let manager = try faults.manager(in: directory)
        try faults.allReady(manager)
        try ResourceLimit.set(manager.processID, "--nofile=4:4096")
        try killPublisher(manager, expecting: String(cString: strerror(EMFILE)))
        try ResourceLimit.set(manager.processID, "--nofile=1024:4096")
        try publisherReturns(manager)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    @Test func noProcessesLeft() throws {
        if let obstacle = RestrictedContainerTests.obstacle ?? ResourceLimit.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        mkdir(directory.path + "/state", 0o777)
        chmod(directory.path + "/state", 0o777)
        let manager = try faults.manager(
            in: directory,
            wrapper: OtherUser.wrapper,
            stateIsVisible: false
        )
        try manager.wait(for: "three workers") { ProcessTree.children(of: manager.processID).count == 3 }
        let before = ProcessTree.children(of: manager.processID)
        // Root's processes are not counted; this one's user has three workers already.
        try ResourceLimit.set(manager.processID, "--nproc=1:4096", wrapper: OtherUser.wrapper)
        kill(try #require(before.first { ProcessTree.name(of: $0) == "publisher" }), SIGKILL)
        try manager.log.waitForLine(containing: String(cString: strerror(EAGAIN)), within: .seconds(10))
        #expect(ProcessTree.children(of: manager.processID).count == 2)
        try ResourceLimit.set(manager.processID, "--nproc=4096:4096", wrapper: OtherUser.wrapper)
        try manager.wait(for: "the publisher's return", within: .seconds(40)) {
            ProcessTree.children(of: manager.processID).count == 3
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    @Test func aWorkerThatLeavesWithSuccessIsStartedAgain() throws {
        let directory = try TemporaryDirectory()
        let manager = try faults.manager(["DOUBLE_WATCHER": "ready exit=0"], in: directory)
        try manager.wait(for: "two restarts") { (faults.worker(.watcher, of: manager)?.restarts ?? 0) >= 2 }
        #expect(faults.worker(.watcher, of: manager)?.lastExit?.code == 0)
        #expect(faults.worker(.healthServer, of: manager)?.restarts == 0)
    }

    @Test func stopsWhileItIsStillStarting() throws {
        let directory = try TemporaryDirectory()
        // Its port is open, no worker is ready.
        let manager = try faults.manager(
            ["DOUBLE_WATCHER": "wait", "DOUBLE_PUBLISHER": "wait", "DOUBLE_HEALTH_SERVER": "wait"],
            in: directory
        )
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        let pids = WorkerName.allCases.compactMap { manager.pid(of: $0) }
        #expect(pids.allSatisfy { kill($0, 0) != 0 && errno == ESRCH })
        for _ in 0..<20 {
            // At any moment from exec on: before our handler stands, the signal's own action ends the process.
            let process = try TestChildProcess(
                try BuiltProducts.path("manager"),
                environment: [
                    "HEALTH_PORT=0", "STATE_DIR=\(directory.path)/other",
                    "WORKER_DIRECTORY=\(directory.path)/workers",
                ]
            )
            let exit = process.end(with: SIGTERM, within: .seconds(6))
            #expect(exit == .code(0) || exit == .signal(SIGTERM))
        }
    }
}
