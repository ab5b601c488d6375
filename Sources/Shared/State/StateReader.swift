internal import FoundationEssentials
internal import Synchronization

/// Reads the sections of the state file: without a lock on it, without waiting for any writer, without ever writing.
///
/// Any thread may use it; calls return within microseconds but for the decoding of a content, which runs outside of the
/// internal lock. `unchanged` refers to what this object returned last, so parties that need the contents
/// independently of each other use one reader each.
package final class StateReader: Sendable {
    private let path: String
    private let state = Mutex(State())

    /// How often the path is compared with the open file when nothing else tells of a replacement.
    private static let lookInterval = Duration.seconds(1)
    /// The wait between two looks while there is nothing to sleep on.
    private static let pollStep = Duration.milliseconds(100)

    /// Never fails: a missing file is an ordinary reading, and it is looked for at each call.
    package init(directory: StateDirectory) {
        path = directory.statePath
    }

    // MARK: - Reading

    /// Reads a section: one `pread` of 128 bytes if nothing changed.
    package func read<Content: StateSectionContent>(_ type: Content.Type) -> StateReading<Content> {
        let section = Content.section
        let (file, failure, generation, observed) = state.withLock { state in
            look(&state)
            return (state.file, state.failure, state.generation, state.observed[section])
        }
        guard let file else {
            // Remembered like any other finding, or the wait for the next change would end at once.
            let finding = Observed(generation: generation, sequence: nil, finding: .damaged)
            state.withLock { $0.observed[section] = finding }
            return failure.map { .unreadable($0) } ?? .empty
        }
        let former = observed.flatMap { $0.generation == generation ? $0 : nil }
        switch file.read(section, known: former?.known) {
        case .unchanged:
            return unchanged(former?.finding ?? .empty)
        case .content(let bytes, let sequence):
            return decode(bytes, Observed(generation: generation, sequence: sequence, finding: .empty))
        case .torn:
            return .unreadable(.torn(section: section))
        case .damaged(let reason):
            let finding = Observed(generation: generation, sequence: file.sequence(section), finding: .damaged)
            state.withLock { $0.observed[section] = finding }
            lookAgain()
            return .unreadable(.damaged(path: path, reason: reason))
        case .truncated:
            // Whoever owns a section replaces the file.
            let finding = Observed(generation: generation, sequence: file.sequence(section), finding: .damaged)
            state.withLock { $0.observed[section] = finding }
            lookAgain()
            return .unreadable(.damaged(path: path, reason: "it ends within section \(section.rawValue)"))
        case .failed(let error):
            lookAgain()
            return .unreadable(.system(error))
        }
    }

    /// The newest content of `run` that is known: as the file says now, or as it said before it became unreadable.
    ///
    /// - Returns: `nil` if the newest content is of another run, or nothing could ever be read.
    package func read<Content: StateSectionContent>(_ type: Content.Type, run: String) -> Content? {
        if case .content(let content, _) = read(type) { return content.run == run ? content : nil }
        guard let snapshot = lastGood(type), snapshot.content.run == run else { return nil }
        return snapshot.content
    }

    /// The last content that could be read, with the time at which it was last found to be current.
    package func lastGood<Content: StateSectionContent>(_ type: Content.Type) -> StateSnapshot<Content>? {
        guard let good = state.withLock({ $0.good[Content.section] }), let content = good.content as? Content else {
            return nil
        }
        return StateSnapshot(content: content, sequence: good.sequence, confirmed: good.confirmed)
    }

    /// The supervisor's tick in seconds of CLOCK_MONOTONIC, of whatever run and boot `processes` names.
    ///
    /// - Returns: `nil` if there is none: no file, or no supervisor yet.
    package func supervisorTick() -> UInt32? {
        let file = state.withLock { state in
            look(&state)
            return state.file
        }
        return file?.tick()
    }

    private func unchanged<Content: StateSectionContent>(_ finding: Finding) -> StateReading<Content> {
        switch finding {
        case .content, .damaged:
            state.withLock { $0.good[Content.section]?.confirmed = .now() }
            return .unchanged
        case .empty:
            return .empty
        case .undecodable(let error):
            return .unreadable(error)
        }
    }

    /// Decodes outside of the lock: 1,000 pairs take milliseconds, and other threads ask for the change word meanwhile.
    private func decode<Content: StateSectionContent>(
        _ bytes: [UInt8],
        _ found: Observed
    ) -> StateReading<Content> {
        var observed = found
        guard bytes != StateLayout.emptyContent else {
            state.withLock { $0.observed[Content.section] = observed }
            return .empty
        }
        do {
            let content = try JSONDecoder().decode(Content.self, from: Data(bytes))
            let sequence = observed.sequence ?? 0
            observed.finding = .content
            state.withLock { state in
                state.observed[Content.section] = observed
                state.good[Content.section] = Good(sequence: sequence, content: content, confirmed: .now())
            }
            return .content(content, sequence: sequence)
        } catch {
            let failure = StateError.coding(section: Content.section, reason: StateLimits.cut("\(error)"))
            observed.finding = .undecodable(failure)
            state.withLock { $0.observed[Content.section] = observed }
            return .unreadable(failure)
        }
    }

    // MARK: - Waiting

    /// A word that differs after any commit of any section and after a replacement: two loads from mapped memory.
    package func changeWord() -> UInt32 {
        state.withLock { state in
            look(&state)
            return state.changeWord
        }
    }

    /// Waits for any commit.
    ///
    /// - Parameters:
    ///   - word: What ``changeWord()`` gave before the sections were read.
    ///   - timeout: A wake-up that is lost costs the rest of it, unless somebody calls ``wakeEverybody()``.
    /// - Returns: True if something changed.
    package func waitForChange(after word: UInt32, timeout: Duration) -> Bool {
        let deadline = MonotonicTime.now() + timeout
        while true {
            let (file, current) = state.withLock { state in
                look(&state)
                return (state.file, state.changeWord)
            }
            if current != word { return true }
            let result = file?
                .waitForChanges(
                    from: HexWord.encode(UInt16(truncatingIfNeeded: word)),
                    timeout: deadline - .now()
                )
            // Woken for nothing: only by a signal, or because the word is no number any more.
            if result == .look, changeWord() == word { StateLocks.pause(.milliseconds(1)) }
            if !goOn(result, until: deadline) { return changeWord() != word }
        }
    }

    /// Wakes all processes that wait for a change of the file: they look again, and sleep on if nothing has changed.
    package func wakeEverybody() { state.withLock { $0.file }?.wakeEverybody() }

    /// Waits for a commit of one section.
    ///
    /// - Parameters:
    ///   - sequence: That of the content which the caller has; when this reader found the section empty or unreadable
    ///     at its last read, that is what must change.
    ///   - timeout: As for ``waitForChange(after:timeout:)``.
    /// - Returns: True if something else than at the last read is there.
    package func waitForChange(of section: StateSection, after sequence: UInt32, timeout: Duration) -> Bool {
        let deadline = MonotonicTime.now() + timeout
        let known = state.withLock { state in
            look(&state)
            return state.observed[section]
                ?? Observed(generation: state.generation, sequence: sequence, finding: .content)
        }
        if case .content = known.finding, known.sequence != sequence { return true }
        while true {
            let (file, generation) = state.withLock { state in
                look(&state)
                return (state.file, state.generation)
            }
            if generation != known.generation { return true }
            if let file, file.sequence(section) != known.sequence { return true }
            let result = known.sequence.flatMap { file?.wait(for: section, from: $0, timeout: deadline - .now()) }
            if goOn(result, until: deadline) { continue }
            return state.withLock { state in
                guard state.generation == known.generation else { return true }
                return state.file.map { $0.sequence(section) != known.sequence } ?? false
            }
        }
    }

    /// After a wait: compares the path with the open file if nobody woke us.
    ///
    /// - Returns: False when the time is up.
    private func goOn(_ result: ReadableStateFile.WaitResult?, until deadline: MonotonicTime) -> Bool {
        switch result {
        case .look:
            break
        case .timedOut:
            lookAgain()
        case .impossible, nil:
            StateLocks.pause(min(Self.pollStep, deadline - .now()))
            lookAgain()
        }
        return MonotonicTime.now() < deadline
    }

    // MARK: - Following the file

    /// Opens the file again if it was moved, or if the path leads elsewhere; the latter is looked at once a second.
    private func look(_ state: inout State) {
        if let file = state.file {
            if !file.isMoved {
                let now = MonotonicTime.now()
                if let lastLook = state.lastLook, now - lastLook < Self.lookInterval { return }
                state.lastLook = now
                if file.isInPlace { return }
            }
        }
        open(&state)
    }

    /// Looks at the path now, not only once a second.
    private func lookAgain() {
        state.withLock { state in
            state.lastLook = nil
            look(&state)
        }
    }

    private func open(_ state: inout State) {
        let former = state.file
        state.lastLook = .now()
        do throws(StateError) {
            state.file = try ReadableStateFile.open(path)
            state.failure = nil
        } catch {
            state.file = nil
            state.failure = error
        }
        guard state.file?.identity != former?.identity else { return }
        state.generation &+= 1
        // Whoever sleeps on a file that has left its place is woken by none of the next one's owners.
        former?.wakeEverybody()
    }
}
