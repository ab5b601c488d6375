import Shared

/// The times of a watch (docs/kubernetes-api.md). Tests shorten them.
struct WatchTiming: Equatable, Sendable {
    /// For a connection.
    var connect = Duration.seconds(10)
    /// For a complete answer to a GET or LIST.
    var request = Duration.seconds(15)
    /// For the head of a watch's answer, which the server sends at once.
    var head = Duration.seconds(20)
    /// Without a byte before the end of the initial state: the server does not know `sendInitialEvents`.
    var synchronization = Duration.seconds(5)
    /// For the end of the initial state once changes come, which keep the stream from being silent.
    var initialState = Duration.seconds(20)
    /// Without a byte in a watch: look with a GET. Bookmarks come every 60 s.
    var doubt = Duration.seconds(75)
    /// Without a byte in a watch: it is dead.
    var silence = Duration.seconds(150)
    /// From one plain GET to the next: it alone finds a server whose data went back.
    var check = Duration.seconds(300)
    /// From the first state to the first plain GET.
    var firstCheck = Duration.seconds(10)
    /// From a GET that failed to the next.
    var checkRetry = Duration.seconds(15)
    /// For an event that the GET was ahead of.
    var checkGrace = Duration.seconds(2)
    /// A watch that lived this long was a good one: what ends it is no reason to wait.
    var healthy = Duration.seconds(2)
    /// A second 410 within this time is no accident.
    var expiry = Duration.seconds(30)
    /// Seconds that the server is asked to keep a watch open, chosen at random so that replicas do not come back together.
    var timeoutSeconds = 240...480
    var backoff = Backoff(first: .milliseconds(800), maximum: .seconds(30))
    /// `Retry-After` is obeyed up to this.
    var longestWait = Duration.seconds(300)
    /// How long one ConfigMap may keep the others' content back at the start.
    var start = Duration.seconds(2)
    /// A ConfigMap that cannot be followed for so long counts as lost.
    var loss = Duration.seconds(30)
}

#if DEBUG
extension WatchTiming {
    /// Shortens all times of a real process by this factor, for tests of what takes minutes. Release builds do not know it.
    static let scaleVariable = "PMM_WATCH_TIME_SCALE"

    func scaled(by factor: Double) -> WatchTiming {
        var timing = self
        let times: [WritableKeyPath<WatchTiming, Duration>] = [
            \.head, \.synchronization, \.initialState, \.doubt, \.silence, \.check, \.firstCheck, \.checkRetry,
            \.checkGrace,
            \.healthy, \.expiry,
            \.backoff.first, \.backoff.maximum, \.longestWait, \.start, \.loss,
        ]
        for time in times { timing[keyPath: time] = timing[keyPath: time] * factor }
        timing.timeoutSeconds = max(1, Int(240 * factor))...max(2, Int(480 * factor))
        return timing
    }
}
#endif
