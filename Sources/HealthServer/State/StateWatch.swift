internal import Shared
internal import Synchronization

/// Turns changes of the state into views and hands them on, in order.
///
/// A thread of its own sleeps on the state's change signal and decodes what is new; the event loop looks once a second
/// whether that thread was left asleep (a writer killed between its commit and its wake-up, a file that was replaced
/// without a word) and then has the same done elsewhere, and everybody else woken who sleeps through it. Neither ever
/// decodes on the event loop.
final class StateWatch: Sendable {
    private let source: any StateSource
    private let supervisedRun: String?
    private let bootID: String
    private let memory: Mutex<Memory>
    /// The change word of the last look.
    private let seen = Atomic<UInt32>(0)

    /// Held while reading, which a hanging file system can make long; `latest` never is.
    private struct Memory {
        var sections = StateSections()
        var view: StateView = .initial
    }

    private let latest = Mutex(StateView.initial)

    /// The longest sleep. The event loop's look makes up for a lost wake-up, so this only bounds how long a thread may
    /// sleep on a file that nobody writes to any more.
    private static let longestSleep: Duration = .seconds(30)
    /// The wait between two looks while there is a problem, which no signal will end.
    private static let problemInterval: Duration = .seconds(1)

    /// - Parameter supervisedRun: `MANAGER_RUN_ID`; `nil` if this process runs alone.
    init(source: any StateSource, supervisedRun: String?, bootID: String) {
        self.source = source
        self.bootID = bootID
        self.supervisedRun = supervisedRun
        memory = Mutex(Memory())
    }

    /// What is known now.
    var view: StateView { latest.withLock { $0 } }

    /// Something changed since the last look. Two loads from memory, and once a second a `stat`.
    var isBehind: Bool { source.changeWord() != seen.load(ordering: .acquiring) }

    /// Makes up for a change that nobody was told of, for us and for the other processes.
    func catchUp(_ deliver: (StateView) -> Void) {
        source.wakeEverybody()
        refresh(deliver)
    }

    /// The supervisor's sign of life as it is now.
    func supervisorTick() -> UInt32? { source.supervisorTick() }

    /// Reads what is new and hands on the view if it changed. Any thread but the event loop's.
    func refresh(_ deliver: (StateView) -> Void) {
        memory.withLock { memory in
            // Before the sections: what changes while they are read is then read again.
            let word = source.changeWord()
            let before = memory.sections
            let problem = source.update(&memory.sections)
            var view = memory.view
            view.problem = problem
            view.tick = source.supervisorTick()
            if memory.sections != before {
                view.snapshot = RunSnapshot(
                    sections: memory.sections,
                    supervisedRun: supervisedRun,
                    bootID: bootID,
                    readAt: UTCTimestamp(milliseconds: WallClock.now().milliseconds)
                )
            }
            let isNew = view.snapshot !== memory.view.snapshot || view.problem != memory.view.problem
            memory.view = view
            latest.withLock { $0 = view }
            seen.store(word, ordering: .releasing)
            // Handed on under the lock, so that two threads never hand on in the wrong order; it only enqueues.
            if isNew { deliver(view) }
        }
    }

    /// Hands on what was read last, in its place among what others hand on.
    func handOn(_ deliver: (StateView) -> Void) {
        memory.withLock { deliver($0.view) }
    }

    /// Refreshes for ever.
    func run(_ deliver: (StateView) -> Void) -> Never {
        // On this thread, not on the event loop: a millisecond, and the loop answers probes.
        var startMemory = StartMemory()
        while true {
            refresh(deliver)
            startMemory.release(now: .now())
            let view = view
            let hasProblem = view.problem != nil || view.snapshot.isEmpty
            source.waitForChange(
                after: seen.load(ordering: .acquiring),
                timeout: hasProblem ? Self.problemInterval : Self.longestSleep
            )
        }
    }
}
