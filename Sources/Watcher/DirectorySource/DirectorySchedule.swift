import Shared

/// When to read a directory and when only to look: pure.
///
/// | Sign | Read |
/// |---|---|
/// | `..data` moved, events lost | at once |
/// | anything else | when it has been quiet for 75 ms, at the latest 1 s after the first sign |
/// | the directory looks different in a poll (every 5 s) | as for the sign that was missed |
/// | none for 60 s | then, for what no stamp shows |
/// | something was being written during a reading | again after 75 ms, 150 ms … 1 s |
struct DirectorySchedule: Equatable, Sendable {
    static let settle = Duration.milliseconds(75)
    static let longestSettle = Duration.seconds(1)
    static let poll = Duration.seconds(5)
    static let safety = Duration.seconds(60)

    private var readDue: MonotonicTime?
    /// The first sign since the last reading.
    private var firstSign: MonotonicTime?
    private var nextPoll: MonotonicTime
    private var nextSafetyRead: MonotonicTime
    private var unsettledReadings = 0
    private var lastReading: MonotonicTime?

    /// Begins with a reading.
    init(now: MonotonicTime) {
        readDue = now
        nextPoll = now + Self.poll
        nextSafetyRead = now + Self.safety
    }

    /// What is due.
    enum Action: Equatable {
        /// Read everything; the time of the first sign of the change that led to it.
        case read(since: MonotonicTime)
        /// Compare the directory's signature.
        case look
        case wait
    }

    func action(now: MonotonicTime) -> Action {
        if let readDue, readDue <= now { return .read(since: firstSign ?? readDue) }
        if nextSafetyRead <= now { return .read(since: firstSign ?? now) }
        return nextPoll <= now ? .look : .wait
    }

    var deadline: MonotonicTime {
        let next = min(nextPoll, nextSafetyRead)
        return readDue.map { min($0, next) } ?? next
    }

    mutating func handle(_ sign: DirectorySign, now: MonotonicTime) {
        let due: MonotonicTime
        switch sign {
        case .none: return
        case .swapped, .overflow: due = now
        case .changed, .replaced: due = min(now + Self.settle, start(now) + Self.longestSettle)
        }
        // A swap is never put off by what follows it; a plain change is, up to its limit.
        if let readDue, firstSign != nil, readDue <= now {
            self.readDue = min(readDue, due)
        } else {
            readDue = due
        }
        if firstSign == nil { firstSign = now }
    }

    mutating func didRead(isUnsettled: Bool, now: MonotonicTime) {
        lastReading = now
        unsettledReadings = isUnsettled ? unsettledReadings + 1 : 0
        // The first sign stays until what it announced has been read for good.
        if !isUnsettled { firstSign = nil }
        readDue = isUnsettled ? now + Self.pause(after: unsettledReadings) : nil
        nextPoll = now + Self.poll
        nextSafetyRead = now + Self.safety
    }

    /// - Parameter sign: What the look found, `.none` if nothing changed.
    mutating func didLook(_ sign: DirectorySign, now: MonotonicTime) {
        nextPoll = now + Self.poll
        handle(sign, now: now)
    }

    /// What the longest wait counts from: a writer that never ends gets a reading a second, not one an event.
    private func start(_ now: MonotonicTime) -> MonotonicTime {
        guard let firstSign else { return now }
        return max(firstSign, lastReading ?? firstSign)
    }

    /// 75 ms, 150 ms, 300 ms … 1 s.
    private static func pause(after readings: Int) -> Duration {
        min(settle * (1 << min(readings - 1, 4)), longestSettle)
    }
}
