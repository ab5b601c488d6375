import CLinux
import Glibc
import Shared
import TestSupport
import Testing

@Suite("The watcher as a process", .timeLimit(.minutes(2)))
struct WatcherLoopTests {
    let directory: TemporaryDirectory
    let contracts: String
    let stateDirectory: String

    init() throws {
        directory = try TemporaryDirectory()
        contracts = directory.path + "/contracts"
        stateDirectory = directory.path + "/state"
    }

    private func start(_ variables: [String: String] = [:], run: String = "run-1") throws -> WatcherProcess {
        try WatcherProcess(contracts: contracts, stateDirectory: stateDirectory, run: run, variables: variables)
    }

    @Test("A stored contract of the right size with wrong bytes is replaced by the next process")
    func damagedContracts() throws {
        let volume = try KubeletVolume(contracts)
        try volume.publish(["a.json": pact("c", "p"), "b.json": pact("c", "q")])
        let first = try start()
        let state = try first.wait(for: "two pairs") { $0.pairs.count == 2 }
        #expect(first.child.end(with: SIGKILL, within: .seconds(10)) == .signal(SIGKILL))
        let name = try #require(state.pairs[0].sha256)
        try directory.write("state/contracts/\(name).json", String(repeating: "x", count: state.pairs[0].bytes))
        let second = try start()
        let deadline = MonotonicTime.now() + .seconds(20)
        while (try? second.stored(state.pairs[0])) != utf8(pact("c", "p")) {
            try #require(MonotonicTime.now() < deadline, "not repaired")
        }
    }

    @Test("From a late volume through edits, an invalid key and an empty payload to its end")
    func life() throws {
        let watcher = try start()
        let missing = try watcher.wait(for: "missing") { $0.status == .missing }
        #expect(missing.detail?.contains("CONFIGMAP_PATH=\(contracts) does not exist") == true)
        #expect(missing.run == "run-1")

        let volume = try KubeletVolume(contracts)
        try volume.publish(["a.json": pact("c", "p"), "b.json": pact("c", "q")])
        let first = try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }
        #expect(first.status == .present)
        for (pair, text) in zip(first.pairs, [pact("c", "p"), pact("c", "q")]) {
            #expect(try watcher.stored(pair) == utf8(text))
        }

        let before = MonotonicTime.now()
        try volume.publish(["a.json": pact("c", "p", "changed"), "b.json": broken])
        let second = try watcher.wait(for: "the edit") { $0.revision != first.revision }
        #expect(try watcher.stored(second.pairs[0]) == utf8(pact("c", "p", "changed")))
        #expect(second.pairs[1].sha256 == first.pairs[1].sha256)
        #expect(second.pairs[1].problem?.hasPrefix("b.json: ") == true)
        #expect(second.invalid.map(\.key) == ["b.json"])
        #expect(try #require(second.changed) >= before - .milliseconds(1))
        #expect(try watcher.stored(first.pairs[0]) != nil, "the previous set's contracts are kept")

        try volume.publish([String: String]())
        let third = try watcher.wait(for: "nothing desired") { $0.pairs.isEmpty && $0.status == .present }
        #expect(third.counters.changes == 3)

        #expect(rename(contracts, contracts + ".old") == 0)
        try watcher.wait(for: "lost") { $0.status == .lost }
        // Files are removed after the commit that no longer needs them: by now that is long done.
        #expect(try watcher.stored(first.pairs[0]) == nil, "older sets' contracts are not kept")
        #expect(try watcher.stored(second.pairs[0]) != nil, "a commit with the same set removes nothing")
        #expect(rename(contracts + ".old", contracts) == 0)
        try watcher.wait(for: "back") { $0.status == .present }
        watcher.child.signal(SIGTERM)
        let (exit, log) = try watcher.child.wait(within: .seconds(10))
        #expect(exit == .code(0))
        #expect(log.split(separator: "\n").filter { $0.contains("key holds no valid contract") }.count == 1)
        #expect(log.split(separator: "\n").count <= 12, "\(log)")
    }

    @Test("Restarted in the same run it keeps the last good content; in another run it starts from nothing")
    func restarts() throws {
        let volume = try KubeletVolume(contracts)
        try volume.publish(["a.json": pact("c", "p"), "b.json": pact("c", "q")])
        let good: DesiredPair
        do {
            let watcher = try start()
            good = try #require(try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }.pairs.first)
            watcher.child.end(with: SIGKILL, within: .seconds(5))
        }
        try volume.publish(["a.json": broken, "b.json": pact("c", "q")])
        do {
            let watcher = try start()
            let source = try watcher.wait(for: "the problem") { $0.pairs.first?.problem != nil }
            #expect(source.pairs[0].sha256 == good.sha256)
            #expect(try watcher.stored(source.pairs[0]) == utf8(pact("c", "p")))
            watcher.child.end(with: SIGKILL, within: .seconds(5))
        }
        let watcher = try start(run: "run-2")
        let source = try watcher.wait(for: "the other run") { $0.run == "run-2" }
        #expect(source.pairs.map(\.provider) == ["q"])
        #expect(source.invalid.map(\.key) == ["a.json"])
    }

    @Test("READY=1 comes before the source is there, WATCHDOG=1 from the loop")
    func notifications() throws {
        var name = [CChar](repeating: 0, count: 108)
        let socket = clinux_notify_listen(&name, name.count)
        try #require(socket >= 0)
        defer { close(socket) }
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let watcher = try start(["NOTIFY_SOCKET": text, "WATCHDOG_USEC": "300000"])
        var received: [String] = []
        let deadline = MonotonicTime.now() + .seconds(20)
        while received.count < 4, MonotonicTime.now() < deadline {
            var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 1000) > 0 else { continue }
            var buffer = [CChar](repeating: 0, count: 256)
            var sender: pid_t = 0
            let count = clinux_notify_receive(socket, &buffer, buffer.count, &sender)
            #expect(sender == watcher.child.processID)
            received.append(String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self))
        }
        #expect(received == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"])
    }

    @Test("A second watcher waits 5 s for the section, then exits 75 naming section and holder")
    func locked() throws {
        #expect(mkdir(contracts, 0o755) == 0)
        let first = try start()
        try first.wait(for: "the first") { $0.status == .present }
        let began = MonotonicTime.now()
        let second = try start()
        let (exit, log) = try second.child.wait(within: .seconds(20))
        #expect(exit == .code(75))
        #expect(MonotonicTime.now() - began >= .seconds(5))
        #expect(log.contains("section source"))
        #expect(log.contains("\(first.child.processID)"))
    }

    @Test("A second watcher takes over from a dying first one, and stops at once when it is told to while it waits")
    func takesOver() throws {
        #expect(mkdir(contracts, 0o755) == 0)
        let first = try start()
        try first.wait(for: "the first") { $0.status == .present }
        let second = try start(run: "run-2")
        let third = try start(run: "run-3")
        first.child.signal(SIGKILL)
        let source = try second.wait(for: "another run") { $0.run != "run-1" }
        let (waiting, run) = source.run == "run-2" ? (third, "run-2") : (second, "run-3")
        // One that has just been started is ended by the signal itself; this is about one that waits.
        let deadline = MonotonicTime.now() + .seconds(20)
        while !ProcessTree.blocks(SIGTERM, waiting.child.processID) { try #require(MonotonicTime.now() < deadline) }
        waiting.child.signal(SIGTERM)
        #expect(try waiting.child.wait(within: .seconds(10)).exit == .code(0))
        #expect(second.source()?.run == run)
    }

    @Test("With a state directory that cannot be made it goes on, says so once, and writes as soon as it can")
    func unwritable() throws {
        let volume = try KubeletVolume(contracts)
        try volume.publish(["a.json": pact("c", "p")])
        // A file where the directory should be made in: as root no permission would stop it.
        let watcher = try start()
        let first = try watcher.wait(for: "the first pair") { $0.pairs.count == 1 }
        #expect(rename(stateDirectory, stateDirectory + ".away") == 0)
        try directory.write("state", "in the way")
        try volume.publish(["a.json": pact("c", "p", "changed")])
        try watcher.line(containing: "state cannot be written")
        try volume.publish(["a.json": pact("c", "p", "changed"), "b.json": pact("c", "q")])
        try watcher.line(containing: "added=\"1: c/q\"")
        directory.remove("state")
        let line = try watcher.line(containing: "state c")
        #expect(line.contains("state can be written again"), "the error is told once: \(line)")
        let source = try watcher.wait(for: "what was kept") { $0.pairs.count == 2 }
        #expect(source.revision != first.revision)
        #expect(try watcher.stored(source.pairs[0]) == utf8(pact("c", "p", "changed")))
        #expect(try watcher.stored(source.pairs[1]) == utf8(pact("c", "q")))
    }

    @Test(
        "Stored contracts that somebody damages in place or removes come back by themselves",
        arguments: [true, false]
    )
    func storeExamined(isDamaged: Bool) throws {
        let volume = try KubeletVolume(contracts)
        try volume.publish(["a.json": pact("c", "p"), "b.json": pact("c", "q")])
        let watcher = try start()
        let source = try watcher.wait(for: "two pairs") { $0.pairs.count == 2 }
        let name = "contracts/\(try #require(source.pairs[0].sha256)).json"
        #expect(try watcher.stored(source.pairs[0]) == utf8(pact("c", "p")))
        if isDamaged {
            try directory.write("state/\(name)", String(repeating: "x", count: source.pairs[0].bytes))
        } else {
            directory.remove("state/\(name)")
        }
        let deadline = MonotonicTime.now() + .seconds(20)
        while (try? watcher.stored(source.pairs[0])) != utf8(pact("c", "p")) {
            try #require(MonotonicTime.now() < deadline, "not repaired")
            _ = poll(nil, 0, 10)
        }
        #expect(try watcher.stored(source.pairs[1]) == utf8(pact("c", "q")))
    }

    @Test("Stored contracts that somebody removed come back with the next full reading")
    func storeRepaired() throws {
        let volume = try KubeletVolume(contracts)
        try volume.publish(["a.json": pact("c", "p")])
        let watcher = try start()
        let source = try watcher.wait(for: "the pair") { $0.pairs.count == 1 }
        let file = "\(watcher.stateDirectory.contractsPath)/\(try #require(source.pairs[0].sha256)).json"
        #expect(unlink(file) == 0)
        watcher.child.signal(SIGHUP)
        let deadline = MonotonicTime.now() + .seconds(10)
        while access(file, F_OK) != 0, MonotonicTime.now() < deadline { sched_yield() }
        #expect(try watcher.stored(source.pairs[0]) == utf8(pact("c", "p")))
    }
}
