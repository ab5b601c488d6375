import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Shared

/// Each wait is given far more time than a wake-up takes, and the test looks at how much of it was used.
@Suite(.timeLimit(.minutes(1))) struct StateWaitTests {
    let scratch: ScratchDirectory
    let directory: StateDirectory
    static let patience = Duration.seconds(10)
    static let prompt = Duration.seconds(4)

    init() throws {
        scratch = try ScratchDirectory()
        directory = try scratch.state
    }

    final class Waiter: Sendable {
        let isWaiting = Atomic(false)
        let result = Mutex<(changed: Bool, took: Duration)?>(nil)

        func wait(_ body: () -> Bool) {
            isWaiting.store(true, ordering: .releasing)
            let start = MonotonicTime.now()
            let changed = body()
            let took = MonotonicTime.now() - start
            result.withLock { $0 = (changed, took) }
        }
    }

    /// Lets `waiter` sleep in the kernel, does `change`, and expects it to be woken by that.
    private func expectWake(_ wait: @escaping @Sendable () -> Bool, on change: () throws -> Void) rethrows {
        let waiter = Waiter()
        let thread = TestThread { waiter.wait(wait) }
        while !waiter.isWaiting.load(ordering: .acquiring) { sched_yield() }
        // Time to fall asleep; if it has not, it sees the change without sleeping, which is right as well.
        StateLocks.pause(.milliseconds(20))
        try change()
        thread.join()
        let result = waiter.result.withLock { $0 }
        #expect(result?.changed == true)
        #expect(result.map { $0.took < Self.prompt } == true, "took \(String(describing: result?.took))")
    }

    @Test func aCommitWakesWhoWaitsForAnyChange() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        let word = reader.changeWord()
        try expectWake({ reader.waitForChange(after: word, timeout: Self.patience) }) {
            try writer.commit(StatePattern.publication(1))
        }
        #expect(reader.changeWord() != word)
    }

    /// Whoever reads, waits and reads again would otherwise do nothing else.
    @Test func aFileThatIsGoneIsNoChangeOnceItWasLookedFor() throws {
        let writer = try StateWriter<SourceState>(directory: directory)
        try writer.commit(SourceState(run: "r", description: "d", status: .present))
        let reader = StateReader(directory: directory)
        guard case .content(_, let sequence) = reader.read(SourceState.self) else {
            Issue.record("nothing to read")
            return
        }
        try #require(unlink(directory.statePath) == 0)
        try #require(reader.waitForChange(of: .source, after: sequence, timeout: Self.patience))
        guard case .empty = reader.read(SourceState.self) else {
            Issue.record("something to read")
            return
        }
        let start = MonotonicTime.now()
        #expect(!reader.waitForChange(of: .source, after: sequence, timeout: .milliseconds(300)))
        #expect(MonotonicTime.now() - start >= .milliseconds(300))
        expectWake({ reader.waitForChange(of: .source, after: sequence, timeout: Self.patience) }) {
            writer.retryIfNeeded()
        }
        guard case .content = reader.read(SourceState.self) else {
            Issue.record("nothing to read")
            return
        }
    }

    @Test func aCommitWakesWhoWaitsForTheSection() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        let reader = StateReader(directory: directory)
        #expect(reader.read(PublicationState.self).content != nil)
        try expectWake({ reader.waitForChange(of: .publication, after: 1, timeout: Self.patience) }) {
            try writer.commit(StatePattern.publication(2))
        }
    }

    @Test func theFirstCommitIntoAnEmptySectionWakesToo() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        #expect(reader.read(PublicationState.self).isEmpty)
        #expect(!reader.waitForChange(of: .publication, after: 7, timeout: .milliseconds(5)), "nothing changed")
        try expectWake({ reader.waitForChange(of: .publication, after: 7, timeout: Self.patience) }) {
            try writer.commit(StatePattern.publication(1))
        }
    }

    @Test func commitsOfOtherSectionsDoNotEndTheWaitForOne() throws {
        let publisher = try StateWriter<PublicationState>(directory: directory)
        let broker = try StateWriter<BrokerState>(directory: directory)
        try publisher.commit(StatePattern.publication(1))
        let reader = StateReader(directory: directory)
        _ = reader.read(PublicationState.self)
        try broker.commit(BrokerState(run: "r", url: "http://b"))
        #expect(!reader.waitForChange(of: .publication, after: 1, timeout: .milliseconds(20)))
        let word = reader.changeWord()
        #expect(!reader.waitForChange(after: word, timeout: .milliseconds(20)))
    }

    @Test func aReplacementWakesBothKindsOfWaiters() throws {
        let source = try StateWriter<SourceState>(directory: directory)
        try source.commit(SourceState(run: "r", description: "x", status: .present))
        let publisher = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        _ = reader.read(SourceState.self)
        let word = reader.changeWord()
        let other = StateReader(directory: directory)
        _ = other.read(SourceState.self)
        try expectWake({
            reader.waitForChange(after: word, timeout: Self.patience)
                && other.waitForChange(of: .source, after: 1, timeout: Self.patience)
        }) {
            try publisher.commit(StatePattern.publication(1, pairs: 1500))
        }
    }

    @Test func aFilePutIntoPlaceByAStrangerIsFoundAtTheTimeOut() throws {
        _ = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        let word = reader.changeWord()
        let copy = try scratch.bytes()
        try scratch.overwrite(copy, "copy")
        #expect(rename(scratch.path + "/copy", scratch.statePath) == 0)
        // Nobody wakes us: it is the comparison of (dev, ino) after the time-out that tells.
        #expect(reader.waitForChange(after: word, timeout: .milliseconds(50)))
    }

    /// What a writer leaves behind that was killed between its commit and its call.
    @Test func aReaderWakesTheOthersWhereTheWriterDidNot() throws {
        let writer = try StateWriter<SourceState>(directory: directory)
        try writer.commit(SourceState(run: "r", description: "d", status: .present))
        let reader = StateReader(directory: directory)
        let other = StateReader(directory: directory)
        for reader in [reader, other] { _ = reader.read(SourceState.self) }
        let word = reader.changeWord()
        let layout = try #require(try ReadableStateFile.open(scratch.statePath)).layout
        let file = open(scratch.statePath, O_WRONLY)
        defer { close(file) }
        func put(_ word: some FixedWidthInteger, _ offset: Int) {
            withUnsafeBytes(of: word) { #expect(pwrite(file, $0.baseAddress, $0.count, off_t(offset)) == $0.count) }
        }
        expectWake({ other.waitForChange(of: .source, after: 1, timeout: Self.patience) }) {
            put(HexWord.encode(UInt32(2)), layout.control(.source) + StateLayout.sequenceOffset)
            reader.wakeEverybody()
        }
        expectWake({ other.waitForChange(after: word, timeout: Self.patience) }) {
            put(HexWord.encode(UInt16(truncatingIfNeeded: word) + 1), StateLayout.changesOffset)
            reader.wakeEverybody()
        }
    }

    /// The first reader that sees the other file tells all who sleep on the one before.
    @Test func whoeverNoticesAStrangersFileWakesTheOthers() throws {
        _ = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        let other = StateReader(directory: directory)
        let word = other.changeWord()
        _ = reader.changeWord()
        let copy = try scratch.bytes()
        try expectWake({ other.waitForChange(after: word, timeout: Self.patience) }) {
            try scratch.overwrite(copy, "copy")
            #expect(rename(scratch.path + "/copy", scratch.statePath) == 0)
            // It looks at the path once a second.
            while reader.changeWord() >> 16 == word >> 16 { sched_yield() }
        }
    }

    @Test func aFileThatAppearsOrDisappearsIsAChange() throws {
        let reader = StateReader(directory: directory)
        let word = reader.changeWord()
        #expect(!reader.waitForChange(after: word, timeout: .milliseconds(10)))
        try expectWake({ reader.waitForChange(after: word, timeout: Self.patience) }) {
            _ = try StateWriter<PublicationState>(directory: directory)
        }
        let present = reader.changeWord()
        unlink(scratch.statePath)
        #expect(reader.waitForChange(after: present, timeout: .milliseconds(50)))
        #expect(reader.read(PublicationState.self).isEmpty)
    }

    @Test func aFileTruncatedToNothingNeitherKillsNorHangsAReader() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        let reader = StateReader(directory: directory)
        _ = reader.read(PublicationState.self)
        let word = reader.changeWord()
        try scratch.truncateState(to: 0)
        #expect(reader.waitForChange(after: word, timeout: .milliseconds(300)))
        #expect(reader.read(PublicationState.self).error != nil)
        #expect(reader.lastGood(PublicationState.self)?.content == StatePattern.publication(1))
        writer.retryIfNeeded()
        #expect(reader.read(PublicationState.self).content == StatePattern.publication(1))
    }

    @Test func aDamagedSectionIsReportedAndDoesNotKeepAReaderBusy() throws {
        let writer = try StateWriter<BrokerState>(directory: directory)
        try writer.commit(BrokerState(run: "r", url: "http://b"))
        let reader = StateReader(directory: directory)
        #expect(reader.read(BrokerState.self).content != nil)
        try writer.commit(BrokerState(run: "r", url: "http://c"))
        try scratch.overwrite(Array("~".utf8), at: StateLayout.initial.slot(.broker, 0) + 3)
        guard case .damaged = reader.read(BrokerState.self).error else {
            Issue.record("the damage was not found")
            return
        }
        #expect(reader.lastGood(BrokerState.self)?.content.url == "http://b")
        #expect(!reader.waitForChange(of: .broker, after: 1, timeout: .milliseconds(20)))
        try writer.commit(BrokerState(run: "r", url: "http://d"))
        #expect(reader.read(BrokerState.self).content?.url == "http://d")
    }
}
