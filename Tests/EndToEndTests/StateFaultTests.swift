import Glibc
import Shared
import TestSupport
import Testing

/// What happens to the state under the living manager: nobody dies, probes are answered, an edit made meanwhile arrives.
@Suite(.serialized, .timeLimit(.minutes(4))) struct StateFaultTests {
    /// Something that somebody does to the state directory of a running manager.
    enum Damage: String, CaseIterable {
        case truncatedToNothing, truncatedHalfWay, garbage, futureSchema, anotherFile, removed, lockRemoved
        case directoryRemoved

        func make(_ directory: String) throws {
            let file = directory + "/state.json"
            switch self {
            case .truncatedToNothing: truncate(file, 0)
            // Within the last section: what is mapped beyond is SIGBUS for whoever touches it unguarded.
            case .truncatedHalfWay: truncate(file, 400_000)
            case .garbage: try overwrite(file, "garbage")
            case .futureSchema:
                let header = try RepositoryFile.text(file).prefix(512)
                try overwrite(file, String(header.replacing("\"schema\":1", with: "\"schema\":9")))
            case .anotherFile:
                try overwrite(file + ".other", "{}")
                rename(file + ".other", file)
            case .removed: unlink(file)
            case .lockRemoved: unlink(directory + "/lock")
            case .directoryRemoved:
                rename(directory, directory + ".gone")
            }
        }

        private func overwrite(_ path: String, _ text: String) throws {
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT)
            try writeAll(file.number, text, subject: path)
        }
    }

    let directory: TemporaryDirectory
    let volume: KubeletVolume
    let broker: LocalBrokerProcess

    init() throws {
        directory = try TemporaryDirectory()
        chmod(directory.path, 0o755)
        volume = try KubeletVolume(directory.path + "/mount")
        broker = try LocalBrokerProcess(username: "pact", password: "pact")
    }

    func pact(_ path: String) -> String {
        """
        {"consumer":{"name":"Shop"},"provider":{"name":"Orders"},"interactions":[{"description":"a request",\
        "request":{"method":"GET","path":"\(path)"},"response":{"status":200}}],\
        "metadata":{"pactSpecification":{"version":"2.0.0"}}}
        """
    }

    func manager(state: String, wrapper: [String] = [], isVisible: Bool = true) throws -> ManagerProcess {
        try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "CONFIGMAP_PATH": directory.path + "/mount", "GIT_COMMIT": "abc",
                "CHECK_INTERVAL_SECS": "1",
            ],
            stateDirectory: state,
            wrapper: wrapper,
            stateIsVisible: isVisible
        )
    }

    /// Edits the contract, and waits until the broker serves it and `/readiness` says so; every probe meanwhile is
    /// answered.
    func editArrives(_ path: String, _ manager: ManagerProcess) throws {
        try volume.publish(["orders.json": pact(path)])
        try manager.wait(for: "\(path) in the broker and 200", within: .seconds(40)) {
            #expect(manager.get("/liveness").code == 200)
            let latest = "/pacts/provider/Orders/consumer/Shop/latest"
            let served = try broker.client.get(latest, headers: [("Accept", "application/hal+json")])
            return served.text.contains(path) && manager.get("/readiness").code == 200
        }
    }

    /// The pids of the manager's children in the order of their names.
    func workers(_ manager: ManagerProcess) -> [String: Int32] {
        Dictionary(
            ProcessTree.children(of: manager.processID).map { (ProcessTree.name(of: $0), $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    @Test func nobodyDiesOfADamagedStateAndItIsWholeAgain() throws {
        try volume.publish(["orders.json": pact("/0")])
        let state = directory.path + "/state"
        let manager = try manager(state: state)
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        let pids = workers(manager)
        #expect(pids.count == 3)
        for (number, damage) in Damage.allCases.enumerated() {
            try damage.make(state)
            try editArrives("/\(damage)", manager)
            try manager.wait(for: "the whole state after \(damage)") {
                #expect(manager.get("/liveness").code == 200)
                // A new reader each time: one that has read them before calls them unchanged.
                let reader = StateReader(directory: try StateDirectory(resolved: state))
                guard case .content(let source, _) = reader.read(SourceState.self),
                    case .content(let publication, _) = reader.read(PublicationState.self),
                    case .content(let processes, _) = reader.read(ProcessesState.self)
                else { return false }
                return source.pairs.count == 1 && publication.pairs.first?.verifiedSHA256 != nil
                    && processes.workers.count == 3
            }
            #expect(workers(manager) == pids, "a worker died of \(damage)")
            print("state damage \(number + 1): \(damage): edit published, state whole, same pids")
        }
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    /// Somebody takes the permissions of the directory away and gives them back.
    @Test func permissionsThatAreTakenAwayAndGivenBack() throws {
        if let obstacle = RestrictedContainerTests.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        try volume.publish(["orders.json": pact("/0")])
        let state = directory.path + "/state"
        mkdir(state, 0o700)
        chown(state, 65_534, 65_534)
        let manager = try manager(state: state, wrapper: OtherUser.wrapper, isVisible: false)
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        let pids = workers(manager)
        chmod(state, 0o500)
        unlink(state + "/state.json")
        try staysAlive(manager, pids, edit: "/blocked-1")
        chmod(state, 0o700)
        try editArrives("/given-back", manager)
        #expect(workers(manager) == pids, "a worker died of it")
    }

    /// A full disk, then a read-only one, in the manager's own mount namespace.
    @Test func aDiskThatIsFullAndThenReadOnly() throws {
        if let obstacle = RestrictedContainerTests.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        try volume.publish(["orders.json": pact("/0")])
        let state = directory.path + "/state"
        mkdir(state, 0o700)
        let script = "mount -t tmpfs -o size=4m,mode=0700 tmpfs \(state) && exec \"$@\""
        let manager = try manager(
            state: state,
            wrapper: ["/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-c", script, "sh"],
            isVisible: false
        )
        try manager.wait(for: "/readiness 200") { manager.get("/readiness").code == 200 }
        let pids = workers(manager)
        #expect(pids.count == 3)
        let seenFromHere = "/proc/\(manager.processID)/root\(state)"

        fill(seenFromHere + "/filler")
        unlink(seenFromHere + "/state.json")
        try staysAlive(manager, pids, edit: "/blocked-2")
        unlink(seenFromHere + "/filler")
        try editArrives("/room", manager)

        // Over the directory: the kernel makes no file system read-only that has files open for writing.
        try inNamespace(of: manager, "mount --bind \(state) \(state) && mount -o remount,bind,ro \(state)")
        try staysAlive(manager, pids, edit: "/blocked-3")
        try inNamespace(of: manager, "umount \(state)")
        try editArrives("/writable", manager)
        #expect(workers(manager) == pids, "a worker died of it")
        #expect(manager.end(with: SIGTERM, within: .seconds(6)) == .code(0))
    }

    /// An edit while nothing can be written: it is not shown as published before it is, the log says what is wrong, and
    /// every probe is answered by living processes.
    ///
    /// - Parameter path: A new one each time: what is in the contract store needs no writing.
    func staysAlive(_ manager: ManagerProcess, _ pids: [String: Int32], edit path: String) throws {
        let before = manager.log.lines.count
        try volume.publish(["orders.json": pact(path)])
        try manager.wait(for: "a line about the state") {
            #expect(manager.get("/liveness").code == 200)
            let new = manager.log.lines.dropFirst(before)
            return new.contains { $0.contains("watcher") && $0.contains(manager.stateDirectory) }
        }
        #expect(manager.get("/liveness").code == 200)
        #expect([200, 503].contains(manager.get("/readiness").code))
        #expect(workers(manager) == pids, "a worker died of it")
    }

    private func fill(_ path: String) {
        let descriptor = creat(path, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        close(descriptor)
    }

    private func inNamespace(of manager: ManagerProcess, _ command: String) throws {
        let arguments = ["-t", "\(manager.processID)", "-m", "/bin/sh", "-c", command]
        let process = try TestChildProcess("/usr/bin/nsenter", arguments)
        let (exit, output) = try process.wait(within: .seconds(10))
        try #require(exit == .code(0), "\(output)")
    }
}
