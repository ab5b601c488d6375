import Shared

/// A place that contracts come from, as the loop sees it: something to wait for, a deadline, one turn to take.
///
/// A source never blocks on anything but local files, and keeps its own retries, polls and backoff: the loop only
/// asks it to wait. It waits itself because libcurl alone knows what libcurl waits for.
protocol WatchedSource: AnyObject {
    /// For people: `directory /pact-contracts`.
    var summary: String { get }
    /// Until there is something to do, `descriptor` is readable, or the time is up.
    func wait(upTo duration: Duration, besides descriptor: Int32) throws(SystemError)
    /// When there is something to do at the latest, whatever happens.
    var deadline: MonotonicTime { get }
    /// Does what is due.
    ///
    /// - Returns: What was found, or `nil` if there was no reason to look.
    func turn(now: MonotonicTime) -> SourceReading?
    /// Looks at everything at the next turn, whatever has been seen.
    func lookAgain(now: MonotonicTime)
}
