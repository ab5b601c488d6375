import Shared

/// When to look at the object with a plain GET, and what to make of it: pure.
///
/// A watch that is silent may be dead, or its server's data may have gone back to an older version, from which nothing
/// ever comes (FACTS-kubernetes.md §1.5). The GET may also be a moment ahead of the watch: another object is a
/// disagreement only if no event follows.
struct CheckSchedule: Equatable, Sendable {
    /// The next regular one.
    private(set) var next: MonotonicTime
    private var isRunning = false
    /// The present silence has been looked at.
    private var hasCheckedSilence = false
    /// The GET found another object: until then an event may explain it.
    private var disagreement: MonotonicTime?

    init(next: MonotonicTime) {
        self.next = next
    }

    /// What is due.
    enum Due: Equatable {
        case nothing
        case get
        /// The watch does not tell what the server holds.
        case disagreement
    }

    mutating func due(_ now: MonotonicTime, lastByte: MonotonicTime, _ timing: WatchTiming) -> Due {
        if let disagreement, disagreement <= now { return .disagreement }
        guard !isRunning, disagreement == nil, deadline(lastByte: lastByte, timing) <= now else { return .nothing }
        isRunning = true
        return .get
    }

    func deadline(lastByte: MonotonicTime, _ timing: WatchTiming) -> MonotonicTime {
        if let disagreement { return disagreement }
        // What is under way ends by itself, in time.
        if isRunning { return lastByte + timing.silence }
        return hasCheckedSilence ? next : min(next, lastByte + timing.doubt)
    }

    /// Bytes came.
    mutating func heard() { hasCheckedSilence = false }

    /// An event told of a change: what the GET found is explained, or will be by the next one.
    mutating func changed() { disagreement = nil }

    mutating func succeeded(isSame: Bool, _ now: MonotonicTime, _ timing: WatchTiming) {
        isRunning = false
        hasCheckedSilence = true
        next = now + timing.check
        if !isSame { disagreement = now + timing.checkGrace }
    }

    mutating func failed(_ now: MonotonicTime, _ timing: WatchTiming) {
        isRunning = false
        hasCheckedSilence = true
        next = now + timing.checkRetry
    }
}
