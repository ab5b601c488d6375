import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Shared

@Suite struct StateCommitTests {
    let scratch: ScratchDirectory
    let directory: StateDirectory

    init() throws {
        scratch = try ScratchDirectory()
        directory = try scratch.state
    }

    /// The whole file as one JSON value.
    struct Document: Decodable {
        var format: String
        var schema: Int
        var changes: String
        var processes: ProcessesState?
        var source: SourceState?
        var broker: BrokerState?
        var publication: PublicationState?
    }

    func document() throws -> Document {
        try JSONDecoder().decode(Document.self, from: Data(scratch.bytes()))
    }

    @Test func aReaderSeesWhatWasCommitted() throws {
        let writer = try StateWriter<PublicationState>(directory: directory, run: "run-1")
        let reader = StateReader(directory: directory)
        #expect(reader.read(PublicationState.self).isEmpty)
        for number in 1...5 {
            try writer.commit(StatePattern.publication(number))
            guard case .content(let content, let sequence) = reader.read(PublicationState.self) else {
                Issue.record("no content after commit \(number)")
                return
            }
            #expect(content == StatePattern.publication(number))
            #expect(sequence == UInt32(number))
            #expect(reader.read(PublicationState.self).isUnchanged)
        }
        #expect(writer.isWritable)
    }

    @Test func theFileIsOneJSONValueAtRest() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        var isChecked = (jq: false, python: false)
        for number in 0...4 {
            if number > 0 { try writer.commit(StatePattern.publication(number)) }
            let document = try document()
            #expect(document.format == "pact-mocks-manager/state")
            #expect(document.publication == (number == 0 ? nil : StatePattern.publication(number)))
            if let code = run(["jq", "-e", ".schema == 1", scratch.statePath]) {
                #expect(code == 0)
                isChecked.jq = true
            }
            if let code = run(["python3", "-c", "import json,sys;json.load(open(sys.argv[1]))", scratch.statePath]) {
                #expect(code == 0)
                isChecked.python = true
            }
        }
        if !isChecked.jq || !isChecked.python { print("skipped: jq or python3 is not installed") }
    }

    @Test func everyCommitCountsInTheHeader() throws {
        let publisher = try StateWriter<PublicationState>(directory: directory)
        let broker = try StateWriter<BrokerState>(directory: directory)
        let before = try #require(UInt16(document().changes, radix: 16))
        try publisher.commit(StatePattern.publication(1))
        try broker.commit(BrokerState(run: "r", url: "http://b", status: .refused))
        try publisher.commit(StatePattern.publication(2))
        #expect(try document().changes == hex(before + 3))
    }

    private func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    @Test func aCommitTouchesNoOtherSection() throws {
        let layout = StateLayout.initial
        let source = try StateWriter<SourceState>(directory: directory)
        try source.commit(SourceState(run: "r", description: "directory /x", status: .present))
        let broker = try StateWriter<BrokerState>(directory: directory)
        let publisher = try StateWriter<PublicationState>(directory: directory)
        let before = try scratch.bytes()
        try broker.commit(BrokerState(run: "r", url: "http://b", status: .ready))
        try publisher.commit(StatePattern.publication(3))
        let after = try scratch.bytes()
        let untouched = layout.control(.processes)..<layout.control(.broker)
        #expect(before[untouched].elementsEqual(after[untouched]) as Bool)
        #expect(before[layout.control(.broker)...] != after[layout.control(.broker)...])
    }

    @Test func aRestartedWriterContinuesTheSequenceAndFindsTheContent() throws {
        var first: StateWriter<PublicationState>? = try StateWriter(directory: directory)
        #expect(first?.previousContent() == nil)
        try first?.commit(StatePattern.publication(1))
        try first?.commit(StatePattern.publication(2))
        first = nil
        // A child that another test starts at this moment has a copy of the lock's descriptor until it executes.
        let second = try StateWriter<PublicationState>(directory: directory, waitingUpTo: .seconds(10))
        #expect(second.previousContent() == StatePattern.publication(2))
        try second.commit(StatePattern.publication(3))
        #expect(second.sequence == 3)
        #expect(StateReader(directory: directory).read(PublicationState.self).content == StatePattern.publication(3))
    }

    @Test func contentsOfAnotherRunAreHistory() throws {
        let writer = try StateWriter<BrokerState>(directory: directory)
        let reader = StateReader(directory: directory)
        try writer.commit(BrokerState(run: "old", url: "http://b"))
        #expect(reader.read(BrokerState.self, run: "new") == nil)
        #expect(reader.read(BrokerState.self, run: "new") == nil)
        try writer.commit(BrokerState(run: "new", url: "http://b"))
        #expect(reader.read(BrokerState.self, run: "new")?.run == "new")
        #expect(reader.read(BrokerState.self, run: "new")?.run == "new")
    }

    @Test func aContentBeyondTheLargestSlotIsRefusedAndTheLastOneStays() throws {
        let writer = try StateWriter<SourceState>(directory: directory)
        var state = SourceState(run: "r", description: "directory /x", status: .present)
        try writer.commit(state)
        let good = state
        state.detail = String(repeating: "x", count: StateLimits.maximumCapacity)
        #expect(throws: StateError.self) { try writer.commit(state) }
        writer.retryIfNeeded()
        guard case .tooLarge(.source, let bytes, StateLimits.maximumCapacity) = writer.lastError else {
            Issue.record("lastError is \(String(describing: writer.lastError))")
            return
        }
        #expect(bytes > StateLimits.maximumCapacity)
        #expect(StateReader(directory: directory).read(SourceState.self).content == good)
        try writer.commit(good)
        #expect(writer.isWritable)
    }

    @Test func theTickIsSeenWithoutACommitAndSurvivesAReplacement() throws {
        let writer = try StateWriter<ProcessesState>(directory: directory)
        let reader = StateReader(directory: directory)
        #expect(reader.supervisorTick() == nil)
        let manager = ProcessesState.Manager(pid: 1, version: "1", startedAt: "", started: .now(), bootID: "b")
        try writer.commit(ProcessesState(run: "r", manager: manager))
        let word = reader.changeWord()
        writer.tick(4711)
        #expect(reader.supervisorTick() == 4711)
        #expect(reader.changeWord() == word)
        #expect(try document().processes?.run == "r")
        unlink(scratch.statePath)
        writer.retryIfNeeded()
        #expect(StateReader(directory: directory).supervisorTick() == 4711)
    }

    @Test func aSecondWriterIsRefusedAndToldWhoOwnsTheSection() throws {
        let owner = try Exerciser(["hold", directory.path, "\(LockName.source.rawValue)"])
        #expect(owner.line() == "held")
        do {
            _ = try StateWriter<SourceState>(directory: directory, waitingUpTo: .milliseconds(30))
            Issue.record("the second writer was not refused")
        } catch {
            guard case .locked(.source, directory.path, let holder) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(holder?.pid == owner.pid)
            #expect(holder?.run == "run-of-holder")
            #expect("\(error)".contains("section source") && "\(error)".contains("pid \(owner.pid)"))
        }
        #expect(owner.finish(killing: SIGKILL) == -SIGKILL)
        #expect(throws: Never.self) { try StateWriter<SourceState>(directory: directory) }
    }

    @Test func aNewWriterWaitsForItsDyingPredecessor() throws {
        let owner = try Exerciser(["hold", directory.path, "\(LockName.broker.rawValue)"])
        #expect(owner.line() == "held")
        let thread = TestThread { [pid = owner.pid] in
            StateLocks.pause(.milliseconds(30))
            kill(pid, SIGKILL)
        }
        #expect(throws: Never.self) { try StateWriter<BrokerState>(directory: directory, waitingUpTo: .seconds(5)) }
        thread.join()
        owner.finish()
    }

    @Test func aHalfDoneUpdateOfADeadWriterIsRepairedByTheNextOne() throws {
        var writer: StateWriter<BrokerState>? = try StateWriter(directory: directory)
        try writer?.commit(BrokerState(run: "r", url: "http://b"))
        // Sequence 1: B is active; a killed writer left this in A.
        try scratch.overwrite(Array("{\"half\":".utf8), at: StateLayout.initial.slot(.broker, 0))
        #expect(throws: (any Error).self) { try document() }
        #expect(try StateFile.repair(.broker, in: directory) == false, "its owner lives")
        writer = nil
        // A child that another test starts at this moment has a copy of the lock's descriptor until it executes.
        let deadline = MonotonicTime.now() + .seconds(10)
        while try !StateFile.repair(.broker, in: directory) { try #require(MonotonicTime.now() < deadline) }
        #expect(try document().broker?.run == "r")
        try scratch.overwrite(Array("{\"half\":".utf8), at: StateLayout.initial.slot(.broker, 0))
        writer = try StateWriter(directory: directory)
        #expect(try document().broker?.run == "r")
        #expect(writer?.previousContent()?.run == "r")
    }
}
