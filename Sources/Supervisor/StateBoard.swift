internal import Glibc
import Shared

/// The supervisor's side of the state: its section of the file, and the lock that keeps other managers away from the
/// directory. Supervising does not depend on it: every failure here is shown once and tried again at the next tick.
final class StateBoard {
    private let directory: StateDirectory
    private let run: String
    private var writer: StateWriter<ProcessesState>?
    private var managerLock: StateLock?
    private var builder: ProcessesStateBuilder
    private var trouble: StateTrouble
    private var news: [StateTrouble.News] = []

    /// - Parameters:
    ///   - managerLock: `nil` where it could not be taken because the directory is not writable.
    ///   - known: What was already said about that.
    init(
        directory: StateDirectory,
        run: String,
        builder: ProcessesStateBuilder,
        managerLock: StateLock?,
        known: StateError?
    ) {
        self.directory = directory
        self.run = run
        self.builder = builder
        self.managerLock = managerLock
        trouble = StateTrouble(known: known)
        makeWriter()
    }

    /// What is new since the last call, for the log.
    func takeNews() -> [StateTrouble.News] {
        defer { news.removeAll() }
        return news
    }

    /// No waiting in here, not for a section's lock nor for a worker that is replacing the file: probes depend on the
    /// one thread that we run on.
    private func makeWriter() {
        do throws(StateError) {
            writer = try StateWriter(directory: directory, run: run, patience: .zero)
        } catch {
            note(error)
        }
    }

    /// Takes the manager's lock if somebody deleted the lock file, or if there was no writable directory before.
    private func holdManagerLock() {
        if let managerLock, managerLock.isCurrent { return }
        managerLock = nil
        do throws(StateError) {
            managerLock = try StateLocks.acquireManager(in: directory, run: run)
        } catch {
            note(error)
        }
    }

    /// Commits the section.
    func publish(_ core: SupervisorCore, _ dropped: [WorkerName: Int], now: MonotonicTime) {
        let state = builder.state(core, droppedLogLines: dropped, now: now)
        guard let writer else { return }
        do throws(StateError) {
            try writer.commit(state)
        } catch {
            // As the writer explains it.
            note(writer.lastError ?? error)
        }
    }

    /// "This supervisor is alive", every five seconds.
    func tick(now: MonotonicTime) {
        holdManagerLock()
        if writer == nil { makeWriter() }
        writer?.tick(UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000_000))
    }

    /// Once per turn of the loop (microseconds): writes the section again into a file that has replaced the former one,
    /// and what could not be written before.
    func retry() {
        guard let writer else { return }
        writer.retryIfNeeded()
        // Without the manager's lock there is a problem that only the next tick can end.
        if writer.lastError != nil || managerLock != nil { note(writer.lastError) }
    }

    /// A worker died: blank the slots it may have left half written and wake whoever waits.
    func repair(_ worker: WorkerName) {
        for section in worker.sections {
            do throws(StateError) {
                _ = try StateFile.repair(section, in: directory)
            } catch {
                note(error)
            }
        }
    }

    /// Adds to the section's ring of events.
    func record(_ message: String, _ fields: [(String, String)]) {
        builder.record(
            StateEvent(
                time: WallClock.now().rfc3339,
                message: message,
                fields: Dictionary(fields, uniquingKeysWith: { first, _ in first })
            )
        )
    }

    private func note(_ error: StateError?) {
        if let new = trouble.note(error.map(directory.explained)) { news.append(new) }
    }
}

extension WorkerName {
    /// The sections the worker owns.
    var sections: [StateSection] {
        switch self {
        case .healthServer: []
        case .watcher: [.source]
        case .publisher: [.broker, .publication]
        }
    }
}
