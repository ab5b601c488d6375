import Glibc
import Shared
import TestSupport
import Testing

/// The real manager under somebody who speaks systemd's protocol.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServiceManagerTests {
    /// The real manager with its real workers and no broker anywhere; the watchdog is meant for the process itself.
    private func manager(
        _ service: TestServiceManager,
        in directory: TemporaryDirectory,
        _ variables: [String: String] = [:]
    ) throws -> ManagerProcess {
        try directory.write("contracts/note.txt", "no contract")
        var all = [
            "NOTIFY_SOCKET": service.name, "WATCHDOG_USEC": "1000000", "BROKER_URL": "http://127.0.0.1:1",
            "CONFIGMAP_PATH": directory.path + "/contracts",
        ]
        all.merge(variables) { _, new in new }
        // What systemd does between fork and exec.
        return try ManagerProcess(
            variables: all,
            stateDirectory: directory.path + "/state",
            wrapper: ["/bin/sh", "-c", "WATCHDOG_PID=$$; export WATCHDOG_PID; exec \"$0\" \"$@\""]
        )
    }

    @Test(arguments: [true, false]) func tellsItsWholeLife(isPath: Bool) throws {
        let directory = try TemporaryDirectory()
        let service = try TestServiceManager(path: isPath ? directory.path + "/notify" : nil)
        let manager = try manager(service, in: directory)

        // Ready though there is no broker: such a unit must not run into its start time-out.
        var messages = try service.messages(upTo: "READY=1")
        #expect(manager.get("/liveness").code == 200)
        #expect(manager.get("/readiness").code == 503)
        messages += try service.messages(upTo: "STATUS=all workers run")

        let before = MonotonicTime.now()
        manager.signal(SIGHUP)
        let reloading = try service.messages(upTo: "RELOADING=1")
        let usec = reloading.last?.text.split(separator: "\n").last?.split(separator: "=").last.flatMap { Int64($0) }
        let decided = MonotonicTime(nanoseconds: (usec ?? 0) * 1000)
        #expect(decided >= before - .milliseconds(1) && decided <= .now(), "not before the signal was sent")
        messages += reloading
        messages += try service.messages(upTo: "READY=1")
        messages += try service.messages(upTo: "STATUS=all workers run")
        #expect(manager.get("/liveness").code == 200)

        manager.signal(SIGTERM)
        messages += try service.messages(upTo: "STOPPING=1")
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
        while let message = service.next(within: .zero) { messages.append(message) }

        // Only the manager speaks here, its workers to it alone.
        #expect(messages.allSatisfy { $0.pid == manager.processID })
        let verdicts = messages.map(\.text).filter { !$0.hasPrefix("STATUS=") && $0 != "WATCHDOG=1" }
        #expect(verdicts.map { $0.prefix { $0 != "\n" } } == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"])
        print("as a service: \(messages.map { $0.text.split(separator: "\n").joined(separator: " ") })")
    }

    @Test func heartbeatsComeInTimeAndEndWithTheLoop() throws {
        let directory = try TemporaryDirectory()
        let service = try TestServiceManager()
        let manager = try manager(service, in: directory)
        _ = try service.messages(upTo: "READY=1")
        var last = try #require(try service.messages(upTo: "WATCHDOG=1").last?.received)
        var gaps: [Duration] = []
        for _ in 0..<6 {
            let beat = try #require(try service.messages(upTo: "WATCHDOG=1").last?.received)
            gaps.append(beat - last)
            last = beat
        }
        // Half of the limit of one second; a busy machine is late, but not as late as that.
        #expect(gaps.sorted()[gaps.count / 2] < .seconds(1), "\(gaps)")

        // The supervisor stands still, its workers live and beat on: nothing is said for them.
        manager.signal(SIGSTOP)
        while service.next(within: .milliseconds(100)) != nil {}
        #expect(service.next(within: .milliseconds(1500)) == nil)
        manager.signal(SIGCONT)
        _ = try service.messages(upTo: "WATCHDOG=1")
    }

    /// `WATCHDOG_PID` names another process (a wrapper that stays): no heartbeats on its behalf.
    @Test func beatsForNobodyElse() throws {
        let directory = try TemporaryDirectory()
        let service = try TestServiceManager()
        let manager = try ManagerProcess(
            variables: [
                "NOTIFY_SOCKET": service.name, "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1",
                "BROKER_URL": "http://127.0.0.1:1", "CONFIGMAP_PATH": directory.path,
            ],
            stateDirectory: directory.path + "/state"
        )
        let messages = try service.messages(upTo: "STATUS=all workers run")
        manager.signal(SIGTERM)
        let rest = try service.messages(upTo: "STOPPING=1")
        #expect(!(messages + rest).contains { $0.text == "WATCHDOG=1" })
    }

    @Test func workersGetASocketOfTheirOwn() throws {
        let directory = try TemporaryDirectory()
        let service = try TestServiceManager(path: directory.path + "/notify")
        let manager = try manager(service, in: directory)
        _ = try service.messages(upTo: "STATUS=all workers run")
        for worker in WorkerName.allCases {
            let pid = try #require(manager.pid(of: worker))
            let text = try RepositoryFile.text("/proc/\(pid)/environ")
            let variables = text.split(separator: "\0")
            #expect(variables.filter { $0.hasPrefix("NOTIFY_SOCKET=") }.count == 1)
            #expect(!text.contains(service.name), "\(worker)")
            #expect(!variables.contains { $0.hasPrefix("WATCHDOG_PID=") })
            #expect(!variables.contains("WATCHDOG_USEC=1000000"))
        }
    }

    /// A service manager that has gone, or whose socket was never there, stops nobody.
    @Test func goesOnWithoutAnybodyWhoListens() throws {
        let directory = try TemporaryDirectory()
        var service: TestServiceManager? = try TestServiceManager(path: directory.path + "/notify")
        let manager = try manager(try #require(service), in: directory)
        _ = try service?.messages(upTo: "STATUS=all workers run")
        service = nil
        try manager.log.waitForLine(
            containing: "nobody takes what the service manager should know",
            within: .seconds(10)
        )
        #expect(manager.get("/liveness").code == 200)
        unlink(directory.path + "/notify")
        let next = try TestServiceManager(path: directory.path + "/notify")
        _ = try next.messages(upTo: "WATCHDOG=1")
        #expect(manager.log.lines.filter { $0.contains("nobody takes") }.count == 1)
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }
}
