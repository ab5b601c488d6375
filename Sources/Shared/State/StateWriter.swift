internal import FoundationEssentials

/// Writes one section of the state file, for the section's only owner, from one thread.
///
/// The section's lock is held from the first moment to the process's death. Whatever happens to the file or the disk,
/// the last content stays in memory and is written as soon as that is possible; nothing here ends the process.
package final class StateWriter<Content: StateSectionContent> {
    private let directory: StateDirectory
    private let run: String
    /// How long to wait for another process that is replacing the file.
    private let patience: Duration
    private var lock: StateLock?
    private var file: StateFile?
    /// The content that the file should hold, encoded.
    private var latest: [UInt8]?
    /// What was committed last, and into which file.
    private var committed: Commit?
    /// `latest` is not in `file` yet.
    private var isPending = false
    private var lastTick: UInt32?
    /// Why the last content given to ``commit(_:)`` can never be written; stands until the next one.
    private var rejection: StateError?
    private var nextDeepCheck = MonotonicTime(nanoseconds: 0)

    /// Why the last attempt to write failed; `nil` when everything is in the file.
    package var lastError: StateError? { failure.map(directory.explained) }
    private var failure: StateError?
    /// The state can be written: no failure is pending.
    package var isWritable: Bool { failure == nil }
    /// Times this writer has attached to a file that it did not use before, the first one included.
    package private(set) var attachments = 0

    private struct Commit {
        var file: FileIdentity
        var sequence: UInt32
        var entry: SectionEntry
    }

    /// How often the checksum of our own content is computed again, to notice that somebody scribbled into it.
    private static var deepCheckInterval: Duration { .seconds(5) }
    /// Files that may disappear under one commit before it is left to the next one.
    private static var maximumAttempts: Int { 4 }

    /// Takes the section's lock, opens the file (or makes it) and repairs what a dead predecessor left half done.
    ///
    /// - Parameters:
    ///   - run: `MANAGER_RUN_ID`, for the lock's holder text.
    ///   - waitingUpTo: How long to wait for a dying predecessor's lock.
    ///   - patience: How long to wait, at each commit that needs a new file, for another process that is making one.
    /// - Throws: `locked` when somebody else owns the section. A directory that is full or not writable is no error
    ///   here: it is in ``lastError``, and every commit tries again.
    package init(
        directory: StateDirectory,
        run: String = "",
        waitingUpTo limit: Duration = .zero,
        patience: Duration = .milliseconds(200)
    ) throws(StateError) {
        self.directory = directory
        self.run = run
        self.patience = patience
        do throws(StateError) {
            lock = try StateLocks.acquire(Content.section.lock, in: directory, run: run, waitingUpTo: limit)
            try attach(StateReplacement(directory: directory, patience: max(limit, patience)).obtain())
        } catch {
            if case .locked(let name, _, _) = error, name == Content.section.lock { throw error }
            failure = error
        }
    }

    /// Writes `content`: when this returns, readers see it, and a kill at any moment leaves either the old or the new.
    ///
    /// - Throws: `tooLarge` and `coding`: this content can never be written, the last one stays. Anything else: the
    ///   content is kept and tried again by ``retryIfNeeded()``.
    package func commit(_ content: Content) throws(StateError) {
        do throws(StateError) {
            latest = try Self.encode(content)
            rejection = nil
            isPending = true
            try flush()
            failure = nil
        } catch {
            if error.meansRejected { rejection = error }
            failure = error
            throw error
        }
    }

    /// Notices a replaced, truncated or overwritten file and an earlier failure, and writes the section again if
    /// needed. Two `stat` calls and a look at 512 bytes when all is well: call it on each turn of the loop.
    package func retryIfNeeded() {
        do throws(StateError) {
            try flush()
            failure = rejection
        } catch {
            failure = error
        }
    }

    /// What the section holds: of this run, or of another one whose content is history.
    ///
    /// - Returns: `nil` if it holds nothing, or nothing that this version can decode.
    package func previousContent() -> Content? {
        latest.flatMap { try? JSONDecoder().decode(Content.self, from: Data($0)) }
    }

    /// Stores the supervisor's tick, in whole seconds of CLOCK_MONOTONIC: one store, no commit, no wake.
    package func tick(_ seconds: UInt32) {
        lastTick = seconds
        file?.memory(Content.section).tick(seconds)
    }

    /// The sequence of the last commit of this writer.
    var sequence: UInt32? { committed?.sequence }

    // MARK: - Keeping file and memory together

    private var replacement: StateReplacement { StateReplacement(directory: directory, patience: patience) }

    /// Brings the file to `latest`.
    private func flush() throws(StateError) {
        try holdLock()
        for _ in 0..<Self.maximumAttempts {
            let file = try currentFile()
            guard isPending, let latest else { return }
            if latest.count > file.layout.capacity(Content.section) {
                try attach(replacement.obtain(need: (Content.section, latest.count)))
                continue
            }
            guard let result = file.memory(Content.section).commit(latest, after: committed?.sequence),
                !file.isFaulted
            else {
                try attach(replacement.obtain(condemned: file.identity))
                continue
            }
            committed = Commit(file: file.identity, sequence: result.sequence, entry: result.entry)
            isPending = false
            // Replaced meanwhile: what was committed went into a file that nobody reads any more.
            if !file.isMoved { return }
        }
        throw .unsettled(path: directory.statePath)
    }

    /// Takes the lock if there was none to be had before, or if the lock file was deleted.
    private func holdLock() throws(StateError) {
        if let lock, lock.isCurrent { return }
        lock = nil
        do throws(StateError) {
            lock = try StateLocks.acquire(Content.section.lock, in: directory, run: run)
        } catch {
            guard case .system(let cause) = error, cause.meansMissing else { throw error }
            try directory.recreate()
            lock = try StateLocks.acquire(Content.section.lock, in: directory, run: run)
        }
    }

    /// The file at the path, with our section in it as we left it; replaced first if it is not.
    private func currentFile() throws(StateError) -> StateFile {
        guard let file else {
            return try attach(replacement.obtain())
        }
        switch file.condition() {
        case .replaced:
            return try attach(replacement.obtain())
        case .damaged:
            return try attach(replacement.obtain(condemned: file.identity))
        case .current:
            if isIntact(file) { return file }
            return try attach(replacement.obtain(condemned: file.identity))
        }
    }

    /// Our control line, and from time to time our content, are as we committed them.
    private func isIntact(_ file: StateFile) -> Bool {
        guard let committed, committed.file == file.identity else { return true }
        let memory = file.memory(Content.section)
        guard memory.sequence == committed.sequence, memory.entry(committed.sequence) == committed.entry else {
            return false
        }
        let now = MonotonicTime.now()
        guard now >= nextDeepCheck else { return true }
        nextDeepCheck = now + Self.deepCheckInterval
        return memory.content(committed.sequence, committed.entry) != nil
    }

    /// Uses `file` from now on. If it is another one than before, our section must be written into it.
    @discardableResult
    private func attach(_ file: StateFile) throws(StateError) -> StateFile {
        if self.file?.identity == file.identity, self.file?.isFaulted == false { return file }
        let memory = file.memory(Content.section)
        memory.repair()
        if let lastTick { memory.tick(lastTick) }
        if latest == nil {
            adopt(memory, of: file.identity)
        } else {
            isPending = true
        }
        self.file = file
        attachments += 1
        return file
    }

    /// Takes over what a predecessor committed, so that it survives a replacement before our own first commit.
    private func adopt(_ memory: SectionMemory, of file: FileIdentity) {
        guard let sequence = memory.sequence, let entry = memory.entry(sequence),
            let bytes = memory.content(sequence, entry), bytes != StateLayout.emptyContent
        else { return }
        latest = bytes
        committed = Commit(file: file, sequence: sequence, entry: entry)
    }

    private static func encode(_ content: Content) throws(StateError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let data: Data
        do {
            data = try encoder.encode(content)
        } catch {
            throw .coding(section: Content.section, reason: "\(error)")
        }
        guard data.count <= StateLimits.maximumCapacity else {
            throw .tooLarge(
                section: Content.section,
                bytes: data.count,
                limit: StateLimits.maximumCapacity
            )
        }
        return [UInt8](data)
    }
}

extension StateError {
    /// The content itself is the reason: trying again is of no use.
    fileprivate var meansRejected: Bool {
        switch self {
        case .tooLarge, .coding: true
        default: false
        }
    }
}
