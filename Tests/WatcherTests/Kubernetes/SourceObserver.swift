import Shared
import Synchronization
import TestSupport

@testable import Watcher

/// Writes down every desired set that the state shows, over the deaths of those who write it.
final class SourceObserver: Sendable {
    private let seen = Mutex<[String]>([])
    private let isOver = Atomic<Bool>(false)
    private let thread = Mutex<TestThread?>(nil)

    init(_ directory: StateDirectory) {
        let observer = self
        thread.withLock { $0 = TestThread { observer.observe(directory) } }
    }

    /// Revisions in the order they were seen, each change once.
    var revisions: [String] { seen.withLock { $0 } }

    func stop() {
        isOver.store(true, ordering: .relaxed)
        thread.withLock {
            $0?.join()
            $0 = nil
        }
    }

    private func observe(_ directory: StateDirectory) {
        let state = StateReader(directory: directory)
        while !isOver.load(ordering: .relaxed) {
            let word = state.changeWord()
            if case .content(let source, _) = state.read(SourceState.self), source.hasContent {
                seen.withLock { if $0.last != source.revision { $0.append(source.revision) } }
            }
            _ = state.waitForChange(after: word, timeout: .milliseconds(20))
        }
    }
}
