import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Shared

@Suite struct StateCrashTests {
    /// What the threads of a test share.
    final class Shared: Sendable {
        let isDone = Atomic(false)
        let committed = Atomic(0)
        let reads = Atomic(0)
        let retries = Atomic(0)
        let problems = Mutex<[String]>([])

        func problem(_ text: String) { problems.withLock { $0.append(text) } }
    }

    @Test(.timeLimit(.minutes(2))) func noReaderSeesAMixtureOrAnOlderContentWhileAWriterRuns() throws {
        let scratch = try ScratchDirectory()
        let directory = try scratch.state
        let shared = Shared()
        let commits = 20_000
        let lock = try StateLocks.acquire(.broker, in: directory)
        let file = try StateReplacement(directory: directory).obtain()
        _ = file.memory(.broker).commit(Self.text(1), after: nil)
        let memory = file.memory(.broker)
        let writer = TestThread {
            for number in 2...commits {
                guard memory.commit(Self.text(number), after: nil) != nil else {
                    shared.problem("commit \(number) failed")
                    break
                }
                shared.committed.store(number, ordering: .releasing)
            }
            shared.isDone.store(true, ordering: .releasing)
        }
        let readers = (0..<3)
            .map { _ in
                TestThread {
                    guard let file = try? ReadableStateFile.open(directory.statePath) else {
                        return shared.problem("no file")
                    }
                    var last = 0
                    while true {
                        let isLast = shared.isDone.load(ordering: .acquiring)
                        let atLeast = shared.committed.load(ordering: .acquiring)
                        switch file.read(.broker, known: nil) {
                        case .content(let bytes, let sequence):
                            let number = Int(sequence)
                            if bytes != Self.text(number) { shared.problem("mixture at \(number)") }
                            if number < max(last, atLeast) { shared.problem("\(number) after \(max(last, atLeast))") }
                            last = number
                            shared.reads.add(1, ordering: .relaxed)
                        case .torn:
                            // 64 commits in the time of 64 reads: allowed, and no content.
                            shared.retries.add(1, ordering: .relaxed)
                        case let other:
                            shared.problem("\(other)")
                        }
                        if isLast { break }
                    }
                    if last != commits { shared.problem("the last read gave \(last)") }
                }
            }
        writer.join()
        for reader in readers { reader.join() }
        withExtendedLifetime(lock) {}
        #expect(shared.problems.withLock { $0 }.prefix(5) == [])
        #expect(shared.reads.load(ordering: .relaxed) > 1000)
    }

    /// Every byte follows from the number, and so does the length.
    static func text(_ number: Int) -> [UInt8] {
        let letter = UInt8(0x61 + number % 26)
        return [0x22] + [UInt8](repeating: letter, count: 1 + number * 37 % 1500) + Array("-\(number)\"".utf8)
    }

    @Test(.timeLimit(.minutes(1))) func wholeContentsStayTrueWhileTheFileGrowsUnderTheReader() throws {
        let scratch = try ScratchDirectory()
        let directory = try scratch.state
        let shared = Shared()
        let commits = 60
        let writer = TestThread {
            do throws(StateError) {
                let writer = try StateWriter<PublicationState>(directory: directory)
                // 1,200 pairs are more than the first slot has.
                for number in 1...commits {
                    try writer.commit(StatePattern.publication(number, pairs: number % 20 == 0 ? 1200 : 5))
                }
                if writer.attachments != 2 { shared.problem("\(writer.attachments) files instead of 2") }
            } catch {
                shared.problem("writer: \(error)")
            }
            shared.isDone.store(true, ordering: .releasing)
        }
        let reader = StateReader(directory: directory)
        var last = 0
        while true {
            let isLast = shared.isDone.load(ordering: .acquiring)
            let word = reader.changeWord()
            switch reader.read(PublicationState.self) {
            case .content(let state, _):
                guard let number = StatePattern.number(of: state) else {
                    Issue.record("a mixture")
                    break
                }
                #expect(number > last)
                last = number
            case .unreadable(let error):
                if case .torn = error { break }
                Issue.record("\(error)")
            case .unchanged, .empty:
                break
            }
            if isLast { break }
            _ = reader.waitForChange(after: word, timeout: .milliseconds(200))
        }
        writer.join()
        #expect(last == commits)
        #expect(shared.problems.withLock { $0 } == [])
        #expect(scratch.corruptFiles.isEmpty)
    }
}
