internal import Synchronization

/// The newest view of the state, for the event loop to take: at once while somebody waits for changes, else with the next
/// request or tick. So an idle loop sleeps through changes that nobody asks for.
final class StateInbox: Sendable {
    private let newest = Mutex<(view: StateView, number: Int)>((.initial, 0))
    private let isWanted = Atomic(false)

    /// Any thread but the event loop's.
    ///
    /// - Returns: True if the event loop has to be woken for it.
    func put(_ view: StateView) -> Bool {
        newest.withLock { $0 = (view, $0.number + 1) }
        return isWanted.load(ordering: .sequentiallyConsistent)
    }

    /// What was put in last, if that was not `number`.
    func take(after number: Int) -> (view: StateView, number: Int)? {
        newest.withLock { $0.number == number ? nil : $0 }
    }

    /// From now on, whoever puts something in wakes the event loop, or no longer does. What came just before may not have
    /// woken it.
    func want(_ isWanted: Bool) { self.isWanted.store(isWanted, ordering: .sequentiallyConsistent) }
}
