internal import Glibc
import Shared

/// The supervisor's side of the state file. Supervising does not depend on it: every failure here is shown once and
/// tried again at the next tick.
final class StateBoard {
    private let directory: StateDirectory
    private var writer: StateWriter<ProcessesState>?
    private var builder: ProcessesStateBuilder
    private let report: (String) -> Void
    private var lastProblem: String?

    /// - Parameter report: Receives each new problem once.
    init(directory: StateDirectory, run: String, builder: ProcessesStateBuilder, report: @escaping (String) -> Void) {
        self.directory = directory
        self.builder = builder
        self.report = report
        do throws(StateError) {
            writer = try StateWriter(directory: directory, run: run)
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
            lastProblem = nil
        } catch {
            note(error)
        }
    }

    /// "This supervisor is alive", every five seconds.
    func tick(now: MonotonicTime) {
        writer?.tick(UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000_000))
    }

    /// Once per turn of the loop (microseconds): writes the section again into a file that has replaced the former one,
    /// and what could not be written before.
    func retry() {
        guard let writer else { return }
        writer.retryIfNeeded()
        if let error = writer.lastError { note(error) }
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

    private func note(_ error: StateError) {
        let text = error.description
        guard text != lastProblem else { return }
        lastProblem = text
        report(text)
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
