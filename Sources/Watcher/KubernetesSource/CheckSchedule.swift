import Shared

/// When to look at the object with a plain GET, and what to make of it: pure.
///
/// A watch that is silent may be dead, or its server's data may have gone back to an older version, from which nothing
/// ever comes (Tests/Fixtures/kubernetes). The GET may also be a moment ahead of the watch: another object is a
/// disagreement only if no event follows.
struct CheckSchedule: Equatable, Sendable {
    /// The next regular one.
    private(set) var next: MonotonicTime
    private var isRunning = false
    /// An event came while the GET was under way: which of the two is newer cannot be told.
    private var isOvertaken = false
    /// The present silence has been looked at.
    private var hasCheckedSilence = false
    /// The GET found another object: until then an event may explain it.
    private var disagreement: MonotonicTime?

    /// The GET found another object, and nothing has explained it yet.
    var disagrees: Bool { disagreement != nil }

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
        isOvertaken = false
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
    mutating func changed() {
        disagreement = nil
        isOvertaken = true
    }

    /// The watch ended and takes up where it was. The next regular check stays where it is: a watch that is cut every
    /// minute must not put it off for ever.
    mutating func resumed() {
        isRunning = false
        hasCheckedSilence = false
        disagreement = nil
    }

    mutating func succeeded(isSame: Bool, _ now: MonotonicTime, _ timing: WatchTiming) {
        // The answer to a GET that was not asked by this schedule: older than what the watch has told since.
        guard isRunning else { return }
        isRunning = false
        hasCheckedSilence = true
        if isSame {
            next = now + timing.check
        } else if isOvertaken {
            next = now + timing.checkRetry
        } else {
            next = now + timing.check
            disagreement = now + timing.checkGrace
        }
    }

    /// - Parameter wait: Until it is tried again.
    mutating func failed(_ now: MonotonicTime, wait: Duration) {
        guard isRunning else { return }
        isRunning = false
        hasCheckedSilence = true
        next = now + wait
    }
}
