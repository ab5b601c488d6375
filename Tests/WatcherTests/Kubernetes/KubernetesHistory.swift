import Shared
import Synchronization
import TestSupport

/// Every edit that the section showed, in order, and every problem: what a publisher could have seen.
final class KubernetesHistory: Sendable {
    private struct Seen {
        var edits: [Int] = []
        var problems: [ConfigMapState.Problem] = []
        var isOver = false
    }
    private let seen = Mutex(Seen())

    /// Takes the section as it is now.
    func note(_ state: SourceState) {
        let edit = state.edit
        seen.withLock { seen in
            if seen.edits.last != edit { seen.edits.append(edit) }
            for problem in state.configMaps.compactMap(\.problem) where seen.problems.last != problem {
                seen.problems.append(problem)
            }
        }
    }

    var edits: [Int] { seen.withLock(\.edits) }
    /// Without those in between that were followed by the same again.
    var problems: [String] {
        seen.withLock { seen in
            seen.problems.map(\.code).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        }
    }
    var details: [String] { seen.withLock { $0.problems.map(\.detail) } }

    /// No edit was seen after a later one.
    var neverWentBack: Bool {
        let edits = edits.filter { $0 != 0 }
        return zip(edits, edits.dropFirst()).allSatisfy { $0 < $1 } && !edits.contains(-1)
    }

    /// Reads each commit on a thread of its own while `body` runs.
    func whileWatching(_ watcher: WatcherProcess, _ body: () throws -> Void) rethrows {
        let reader = StateReader(directory: watcher.stateDirectory)
        let thread = TestThread { [self] in
            while true {
                let isOver = seen.withLock(\.isOver)
                let word = reader.changeWord()
                if case .content(let state, _) = reader.read(SourceState.self) { note(state) }
                if isOver { return }
                _ = reader.waitForChange(after: word, timeout: .milliseconds(20))
            }
        }
        defer {
            seen.withLock { $0.isOver = true }
            thread.join()
        }
        try body()
    }
}
