import Glibc
import Testing

@testable import Shared

@Suite struct StateLocksTests {
    let scratch: ScratchDirectory
    let directory: StateDirectory

    init() throws {
        scratch = try ScratchDirectory()
        directory = try scratch.state
    }

    @Test func aHolderReadsBackFromItsRecord() throws {
        let holder = LockHolder(
            pid: 4_194_304,
            host: "pact-broker-0",
            started: "2026-11-23T01:02:03Z",
            run: "0123456789abcdef"
        )
        #expect(holder.record.count == 128)
        #expect(LockHolder(record: holder.record) == holder)
    }

    @Test func aRecordIsNeverLongerAndNeverTrusted() throws {
        let long = LockHolder(
            pid: .max,
            host: String(repeating: "h", count: 300) + "\n",
            started: WallClock.now().rfc3339,
            run: String(repeating: "r r", count: 100)
        )
        #expect(long.record.count == 128 && long.record.last == 0x0a)
        #expect(LockHolder(record: long.record)?.pid == .max)
        #expect(LockHolder(record: Array("pid=x host=y".utf8)) == nil)
        #expect(LockHolder(record: []) == nil)
        #expect(LockHolder(record: Array("pid=1 host=\u{1b}[31m run=".utf8))?.host == "[31m")
    }

    @Test func theSecondManagerIsToldPidStartTimeAndDirectory() throws {
        let first = try Exerciser(["hold", directory.path, "\(LockName.manager.rawValue)"])
        #expect(first.line() == "held")
        do {
            _ = try StateLocks.acquireManager(in: directory, run: "second")
            Issue.record("there are two managers")
        } catch {
            guard case .locked(.manager, _, let holder?) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(holder.pid == first.pid)
            #expect("\(error)".contains("pid \(first.pid)") && "\(error)".contains("started \(holder.started)"))
            #expect(holder.started.hasPrefix("20") && "\(error)".contains("STATE_DIR \(directory.path)"))
        }
        first.finish(killing: SIGKILL)
        #expect(throws: Never.self) { try StateLocks.acquireManager(in: directory, run: "second") }
    }

    @Test func theLocksAreIndependentAndFreedWithTheirObjects() throws {
        var locks: [StateLock] = []
        for name in LockName.allCases { locks.append(try StateLocks.acquire(name, in: directory)) }
        for name in LockName.allCases {
            #expect(throws: StateError.self) { try StateLocks.acquire(name, in: directory) }
        }
        locks.removeAll { $0.name == .source }
        // A child that another test starts at this moment has a copy of the lock's descriptor until it executes.
        #expect(throws: Never.self) {
            try StateLocks.acquire(.source, in: directory, waitingUpTo: .seconds(10))
        }
        #expect(throws: StateError.self) { try StateLocks.acquire(.broker, in: directory) }
        withExtendedLifetime(locks) {}
    }
}
