import Glibc
import Shared
import Testing

@testable import Supervisor

@Suite struct LogPipelineTests {
    let now = WallClock(milliseconds: 1_795_395_723_456)

    func lines(_ pieces: [String], flush: Bool = false) -> [String] {
        var assembler = LineAssembler()
        var result: [String] = []
        for piece in pieces {
            assembler.append(Array(piece.utf8)[...]) { result.append(String(decoding: $0, as: UTF8.self)) }
        }
        if flush { assembler.flush { result.append(String(decoding: $0, as: UTF8.self)) } }
        return result
    }

    @Test func cutsWholeLinesHoweverTheyArrive() {
        #expect(lines(["one\ntw", "o\n", "\nthree"]) == ["one", "two", ""])
        #expect(lines(["half"], flush: true) == ["half"])
        let long = String(repeating: "x", count: 40_000)
        let pieces = lines([long, "\n"])
        #expect(pieces.map(\.utf8.count) == [16_384, 16_384, 7232])
    }

    @Test func passesOwnLinesUnchangedAndNamesTheWorkerOnOthers() {
        let own = "2026-11-23T01:02:03.456Z WARN publisher: message key=value"
        let text = WorkerOutput.line(Array(own.utf8)[...], worker: .publisher, format: .text, now: now)
        #expect(String(decoding: text, as: UTF8.self) == own + "\n")
        let crash = WorkerOutput.line(
            Array("Fatal error: x\u{1b}[31m".utf8)[...],
            worker: .watcher,
            format: .text,
            now: now
        )
        let line = String(decoding: crash, as: UTF8.self)
        #expect(line.contains(" INFO watcher: output text=\"Fatal error: x\\u001b[31m\"\n"))
        let json = WorkerOutput.line(Array("plain \"text\"".utf8)[...], worker: .watcher, format: .json, now: now)
        #expect(
            String(decoding: json, as: UTF8.self)
                .hasSuffix(#""worker":"watcher","message":"output","text":"plain \"text\""}"# + "\n")
        )
        let object = #"{"time":"2026-11-23T01:02:03.456Z","level":"info","worker":"watcher","message":"m"}"#
        let kept = WorkerOutput.line(Array(object.utf8)[...], worker: .watcher, format: .json, now: now)
        #expect(String(decoding: kept, as: UTF8.self) == object + "\n")
    }
}

@Suite struct OutputQueueTests {
    /// A full disk, then one with room: `/dev/full` answers each write with ENOSPC.
    @Test func aFailedWriteCostsCountedLinesAndIsTriedAgain() throws {
        let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        var queue = OutputQueue(descriptor: descriptor)
        let start = MonotonicTime(milliseconds: 1000)
        queue.append(Array("one\ntwo\n".utf8), from: .watcher, now: start)
        queue.flush(now: start)
        #expect(queue.isEmpty && queue.dropped[nil] == 2)
        // Not at once again: each attempt costs a system call.
        queue.append(Array("three\n".utf8), from: .watcher, now: start + .seconds(4))
        #expect(queue.isEmpty && queue.dropped[.watcher] == 1)

        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        try #require(dup2(ends[1], descriptor) >= 0)
        queue.append(Array("four\n".utf8), from: .watcher, now: start + OutputQueue.pause)
        queue.flush(now: start + OutputQueue.pause)
        // Nobody can write any more, so that reading ends.
        close(descriptor)
        close(ends[1])
        defer { close(ends[0]) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(ends[0], &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "four\n")
    }
}

extension OutputQueueTests {
    /// A disk that fills in the middle of a line: the next line that gets through begins on its own.
    @Test func aTornLineIsEndedBeforeTheNext() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        // What was not written is missed at once, not waited for.
        try #require(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        // F_SETPIPE_SZ (fcntl(2)): one page, so that only the first piece of the line fits.
        try #require(fcntl(ends[1], 1031, 4096) == 4096)
        let output = dup(ends[1])
        defer { close(output) }
        var queue = OutputQueue(descriptor: output)
        let start = MonotonicTime(milliseconds: 1000)
        queue.append(Array((String(repeating: "x", count: 6000) + "\n").utf8), from: .watcher, now: start)
        queue.flush(now: start)
        #expect(!queue.isEmpty)
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        try #require(dup2(full, output) >= 0)
        queue.flush(now: start)
        #expect(queue.isEmpty && queue.dropped[nil] == 1)
        // Fails once more: the byte that ends the torn line is no line.
        var later = start + OutputQueue.pause
        queue.append(Array("lost\n".utf8), from: .watcher, now: later)
        queue.flush(now: later)
        #expect(queue.isEmpty && queue.dropped[nil] == 2)

        var bytes = [UInt8](repeating: 0, count: 8192)
        #expect(read(ends[0], &bytes, bytes.count) == 4096)
        try #require(dup2(ends[1], output) >= 0)
        later = later + OutputQueue.pause
        queue.append(Array("next\n".utf8), from: .watcher, now: later)
        queue.append(Array("last\n".utf8), from: .watcher, now: later)
        queue.flush(now: later)
        let count = read(ends[0], &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "\nnext\nlast\n")
        #expect(queue.dropped[nil] == 2)
    }
}

@Suite struct WorkerEnvironmentTests {
    func environment(_ variables: [String: String]) throws -> WorkerEnvironment {
        let base = ProcessEnvironment(variables)
        return WorkerEnvironment(
            base: base,
            settings: try Settings(environment: base),
            runID: "run",
            stateDirectory: "/state",
            notifySocket: "@0001",
            managerPID: 7
        )
    }

    @Test func givesSecretsToThePublisherOnly() throws {
        let environment = try environment([
            "BROKER_PASSWORD": "hidden", "BROKER_TOKEN": "token", "BROKER_URL": "http://u:word@broker:9292",
            "KUBERNETES_SERVICE_HOST": "10.0.0.1", "PATH": "/bin", "NOTIFY_SOCKET": "/run/systemd/notify",
        ])
        for worker in WorkerName.allCases {
            let variables = environment.variables(for: worker, watchdogLimit: .seconds(3), inheritsSocket: false)
            let text = variables.map { "\($0)=\($1)" }.joined(separator: "\n")
            #expect((variables["BROKER_PASSWORD"] != nil) == (worker == .publisher))
            #expect(text.contains("word@") == (worker == .publisher))
            #expect((variables["KUBERNETES_SERVICE_HOST"] != nil) == (worker == .watcher))
            #expect(variables["NOTIFY_SOCKET"] == "@0001")
            #expect(variables["WATCHDOG_USEC"] == "3000000")
            #expect(variables["SWIFT_BACKTRACE"] == "enable=no")
            #expect(variables["PATH"] == "/bin")
        }
    }
}
