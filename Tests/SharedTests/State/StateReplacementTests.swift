import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Shared

@Suite struct StateReplacementTests {
    let scratch: ScratchDirectory
    let directory: StateDirectory

    init() throws {
        scratch = try ScratchDirectory()
        directory = try scratch.state
    }

    private func present() -> PublicationState? {
        StateReader(directory: directory).read(PublicationState.self).content
    }

    @Test(arguments: [0, 100, 512, 5000, 200_000, 800_000])
    func aFileTruncatedUnderAWriterIsSetAsideAndWrittenAgain(_ size: Int) throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        try writer.commit(StatePattern.publication(1))
        #expect(reader.read(PublicationState.self).content != nil)
        try scratch.truncateState(to: size)
        _ = reader.changeWord()
        _ = reader.read(PublicationState.self)
        #expect(reader.lastGood(PublicationState.self)?.content == StatePattern.publication(1))
        writer.retryIfNeeded()
        #expect(writer.lastError == nil)
        #expect(present() == StatePattern.publication(1))
        try writer.commit(StatePattern.publication(2))
        #expect(present() == StatePattern.publication(2))
        #expect(reader.waitForChange(of: .publication, after: 1, timeout: .milliseconds(50)))
        #expect(reader.read(PublicationState.self).content == StatePattern.publication(2))
        #expect(scratch.corruptFiles.count == 1)
    }

    @Test func aStoreBeyondTheEndOfATruncatedFileIsSurvived() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        let file = try #require(try StateFile.open(directory))
        try scratch.truncateState(to: 600)
        // Straight into the pages that are gone: without the guard this is the end of the process.
        #expect(file.memory(.publication).commit(Array("{}".utf8), after: nil) == nil)
        #expect(file.isFaulted)
        #expect(file.condition() != .current)
    }

    @Test func aDeletedFileIsMadeAgain() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        unlink(scratch.statePath)
        #expect(StateReader(directory: directory).read(PublicationState.self).isEmpty)
        writer.retryIfNeeded()
        #expect(present() == StatePattern.publication(1))
        #expect(scratch.corruptFiles.isEmpty)
    }

    @Test func aDeletedDirectoryIsMadeAgainWithItsLock() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        #expect(run(["rm", "-rf", directory.path]) == 0)
        writer.retryIfNeeded()
        #expect(writer.lastError == nil)
        #expect(present() == StatePattern.publication(1))
        #expect(throws: StateError.self) { try StateLocks.acquire(.publication, in: directory) }
    }

    @Test func aDeletedLockFileIsTakenAgain() throws {
        let writer = try StateWriter<PublicationState>(directory: directory)
        unlink(directory.lockPath)
        writer.retryIfNeeded()
        #expect(throws: StateError.self) { try StateLocks.acquire(.publication, in: directory) }
    }

    @Test(arguments: [
        "", "not a state file", "{}", "null",
        "{\"format\":\"pact-mocks-manager/state\",\"schema\":1,\"sections\":[]}\n",
    ])
    func garbageIsSetAsideByAStartingWriter(_ text: String) throws {
        try scratch.overwrite(Array(text.utf8))
        #expect(StateReader(directory: directory).read(PublicationState.self).error != nil)
        let writer = try StateWriter<PublicationState>(directory: directory)
        #expect(writer.lastError == nil)
        try writer.commit(StatePattern.publication(1))
        #expect(present() == StatePattern.publication(1))
        #expect(try scratch.bytes(#require(scratch.corruptFiles.first)) == Array(text.utf8))
    }

    @Test func threeFilesAreKeptAsEvidence() throws {
        for number in 1...5 {
            unlink(scratch.statePath)
            try scratch.overwrite(Array("garbage \(number)".utf8))
            _ = try StateWriter<PublicationState>(directory: directory)
        }
        let kept = try scratch.corruptFiles.map { String(decoding: try scratch.bytes($0), as: UTF8.self) }
        #expect(kept == ["garbage 3", "garbage 4", "garbage 5"])
    }

    @Test func aNewerSchemaIsSetAsideNotMisread() throws {
        _ = try StateWriter<PublicationState>(directory: directory)
        try scratch.overwrite(Array("2".utf8), at: 46)
        guard case .newerSchema(_, 2) = StateReader(directory: directory).read(PublicationState.self).error else {
            Issue.record("the reader did not tell the schema")
            return
        }
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        #expect(present() == StatePattern.publication(1))
        #expect(scratch.corruptFiles.count == 1)
    }

    @Test(arguments: ["directory", "symlink", "fifo", "no permission"])
    func whatIsNoFileOfOursIsSetAside(_ kind: String) throws {
        switch kind {
        case "directory": mkdir(scratch.statePath, 0o700)
        case "symlink": symlink("/etc/hostname", scratch.statePath)
        case "fifo": mkfifo(scratch.statePath, 0o600)
        default:
            try scratch.overwrite(Array("x".utf8))
            chmod(scratch.statePath, 0)
        }
        let writer = try StateWriter<PublicationState>(directory: directory)
        try writer.commit(StatePattern.publication(1))
        #expect(present() == StatePattern.publication(1))
        #expect(scratch.corruptFiles.count == 1)
    }

    @Test func aLargerContentGrowsTheFileAndTheOthersFollow() throws {
        let source = try StateWriter<SourceState>(directory: directory)
        let publisher = try StateWriter<PublicationState>(directory: directory)
        let reader = StateReader(directory: directory)
        let small = SourceState(run: "r", description: "directory /x", status: .present)
        try source.commit(small)
        #expect(reader.read(SourceState.self).content == small)
        let large = StatePattern.publication(1, pairs: 1500)
        try publisher.commit(large)
        #expect(publisher.attachments == 2)
        #expect(reader.read(PublicationState.self).content == large)
        // The new file is empty but for who made it; the other owner follows at its next turn.
        #expect(reader.read(SourceState.self).isEmpty)
        #expect(reader.read(SourceState.self, run: "r") == small)
        source.retryIfNeeded()
        #expect(source.attachments == 2)
        #expect(reader.read(SourceState.self).content == small)
        #expect(try StateFile.open(directory)?.layout.capacity(.publication) == 512 << 10)
        #expect(try StateFile.open(directory)?.layout.capacity(.source) == 128 << 10)
        #expect(scratch.corruptFiles.isEmpty)
    }

    @Test func aCommitIntoAFileThatWasReplacedGoesIntoTheNewOne() throws {
        let source = try StateWriter<SourceState>(directory: directory)
        let publisher = try StateWriter<PublicationState>(directory: directory)
        try publisher.commit(StatePattern.publication(1, pairs: 1500))
        let state = SourceState(run: "r", description: "directory /y", status: .present)
        try source.commit(state)
        #expect(StateReader(directory: directory).read(SourceState.self).content == state)
    }

    @Test(arguments: ["sequence", "entry", "content", "header"])
    func whatSomebodyScribblesIntoTheFileIsPutRight(_ place: String) throws {
        let writer = try StateWriter<BrokerState>(directory: directory)
        let state = BrokerState(run: "r", url: "http://b", status: .ready)
        try writer.commit(state)
        let layout = StateLayout.initial
        let offset =
            switch place {
            case "sequence": layout.control(.broker) + StateLayout.sequenceOffset
            case "entry": layout.control(.broker) + StateLayout.entryOffset + StateLayout.entryStride
            case "content": layout.slot(.broker, 1) + 5
            default: 100
            }
        try scratch.overwrite(Array("zz".utf8), at: offset)
        writer.retryIfNeeded()
        #expect(writer.lastError == nil)
        #expect(StateReader(directory: directory).read(BrokerState.self).content == state)
        #expect(scratch.corruptFiles.count == 1)
    }

    @Test func halfMadeFilesOfDeadProcessesAreRemoved() throws {
        try scratch.overwrite(Array("half".utf8), "state.json.new-1")
        _ = try StateWriter<BrokerState>(directory: directory)
        #expect(DirectoryListing.names(in: directory.path) == ["lock", "state.json"])
    }

    @Test func aReplacementWaitsForNobodyForLong() throws {
        let other = try Exerciser(["hold", directory.path, "\(LockName.replace.rawValue)"])
        #expect(other.line() == "held")
        let writer = try StateWriter<BrokerState>(directory: directory)
        guard case .locked(.replace, _, let holder) = writer.lastError else {
            Issue.record("lastError is \(String(describing: writer.lastError))")
            return
        }
        #expect(holder?.pid == other.pid)
        other.finish()
        try writer.commit(BrokerState(run: "r", url: "http://b"))
        #expect(writer.isWritable)
    }
}
