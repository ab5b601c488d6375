internal import Shared
internal import Synchronization

/// The state file of a directory that may not be there yet, or not any more.
final class StateFileSource: StateSource {
    private let find: @Sendable () throws(StateError) -> StateDirectory
    private let opened = Mutex<Opened?>(nil)

    private struct Opened {
        let directory: StateDirectory
        let reader: StateReader
    }

    /// - Parameter find: Looks for the directory; asked again until it succeeds.
    init(_ find: @escaping @Sendable () throws(StateError) -> StateDirectory) {
        self.find = find
    }

    /// The directory that the manager resolved, else `STATE_DIR`.
    convenience init(environment: ProcessEnvironment, settings: Settings) {
        let resolved = environment[InternalVariable.stateDirectory]
        let setting = settings.stateDirectory
        self.init { () throws(StateError) in
            if let resolved { return try StateDirectory(resolved: resolved) }
            return try StateDirectory.prepare(setting: setting)
        }
    }

    func update(_ sections: inout StateSections) -> StateProblem? {
        let source: Opened
        do throws(StateError) {
            source = try open()
        } catch {
            return .notWritable(error.description)
        }
        var problem: StateProblem?
        Self.read(source.reader, into: &sections.processes, &problem)
        Self.read(source.reader, into: &sections.source, &problem)
        Self.read(source.reader, into: &sections.broker, &problem)
        Self.read(source.reader, into: &sections.publication, &problem)
        // A state that was never written and one that cannot be read often have the same cause.
        if problem != nil || sections == StateSections(), let obstacle = source.directory.obstacle() {
            return .notWritable(obstacle.description)
        }
        return problem
    }

    private static func read<Content: StateSectionContent>(
        _ reader: StateReader,
        into content: inout Content?,
        _ problem: inout StateProblem?
    ) {
        switch reader.read(Content.self) {
        case .content(let new, _): content = new
        // After a replacement a section is empty until its owner has written it again: what it said still holds.
        case .unchanged, .empty: break
        case .unreadable(let error): problem = problem ?? .unreadable(error.description)
        }
    }

    func changeWord() -> UInt32 {
        (try? open())?.reader.changeWord() ?? 0
    }

    func waitForChange(after word: UInt32, timeout: Duration) {
        guard let reader = (try? open())?.reader else {
            pause(timeout)
            return
        }
        _ = reader.waitForChange(after: word, timeout: timeout)
    }

    func wakeEverybody() { opened.withLock { $0?.reader }?.wakeEverybody() }

    func supervisorTick() -> UInt32? {
        opened.withLock { $0?.reader }?.supervisorTick()
    }

    private func open() throws(StateError) -> Opened {
        if let opened = opened.withLock({ $0 }) { return opened }
        let directory = try find()
        let new = Opened(directory: directory, reader: StateReader(directory: directory))
        return opened.withLock { opened in
            let kept = opened ?? new
            opened = kept
            return kept
        }
    }
}
