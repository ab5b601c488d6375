import Shared

/// A place that contracts come from, as the loop sees it: one descriptor and one deadline to wait for, one turn to take.
///
/// A source never blocks on anything but local files, and keeps its own retries, polls and backoff: the loop only
/// waits. Sources with several descriptors nest them in an epoll of their own.
protocol WatchedSource: AnyObject {
    /// For people: `directory /pact-contracts`.
    var summary: String { get }
    /// Readable when there is something to do.
    var descriptor: Int32 { get }
    /// When there is something to do at the latest, if nothing becomes readable.
    var deadline: MonotonicTime { get }
    /// Does what is due.
    ///
    /// - Returns: What was found, or `nil` if there was no reason to look.
    func turn(now: MonotonicTime) -> SourceReading?
    /// Looks at everything at the next turn, whatever has been seen.
    func lookAgain(now: MonotonicTime)
}
