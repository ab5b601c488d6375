/// What a client may take of the server (docs/endpoints.md).
struct ServerLimits: Equatable, Sendable {
    /// Request line and header fields together.
    var headBytes = 8 * 1024
    /// A body is ignored up to here and refused beyond.
    var bodyBytes = 64 * 1024
    /// Longest silence between two requests, and longest time to send one or to take an answer.
    var patience: Duration = .seconds(10)
    /// Connections from which on each new one takes the place of an old one.
    var connections = 512
    /// Of those, requests that are held.
    var waiters = 384
    /// Connections that are never exceeded, even where none may be closed to make room: descriptors are finite.
    var connectionsAtMost = 960
    /// How long a refused client is listened to, so that it can read why before the connection is reset.
    var lingering: Duration = .seconds(1)
    /// Time between two looks at the clock: heartbeat, time-outs.
    var tick: Duration = .seconds(1)
    /// Longest time from the signal to stop until all connections are closed.
    var stopping: Duration = .milliseconds(500)
    /// Bytes of documents (`/status`, `/providers`) longer than 16 KiB that clients may be taking at one time; whoever
    /// asks for one beyond is told to come back. Probes do not count.
    var longAnswerBytes = 32 << 20
    /// The same for `/metrics`: whoever opens pages must not blind the monitoring.
    var metricsBytes = 8 << 20
    /// Clients that follow `/events`.
    var streams = 64
    /// Shortest time between two events of a stream: what changes meanwhile comes in one.
    var streamInterval: Duration = .milliseconds(50)
    /// Longest silence of a stream; then comes a comment.
    var streamKeepAlive: Duration = .seconds(15)
}

extension ServerLimits {
    /// The limits for a process that may open `descriptors` descriptors (RLIMIT_NOFILE, soft): fewer connections where
    /// there are fewer than 1,024.
    ///
    /// Some are kept for everything that is no connection: 10 are open at rest and 3 more during a look at the state
    /// (measured 2026-11). Without a descriptor for the next connection nobody at all could be answered, for the
    /// connections that could be closed instead are only known once it is accepted.
    ///
    /// 1,024 or more: 960 connections at most, from 512 on one closed for each new one, 384 waiters, 64 streams. 64: 32,
    /// 24, 18, 3.
    init(descriptors: UInt64) {
        self.init()
        let own = max(24, min(64, descriptors / 2))
        let most = Int(min(1024, max(descriptors, own + 2)) - own)
        connectionsAtMost = min(connectionsAtMost, most)
        connections = min(connections, max(1, most * 3 / 4))
        waiters = min(waiters, connections * 3 / 4)
        streams = min(streams, connections / 8)
    }
}

/// What clients that take long answers slowly are counted against.
enum AnswerAccount: Hashable {
    case documents
    case metrics
}
