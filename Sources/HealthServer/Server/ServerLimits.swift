/// What a client may take of the server (DESIGN.md §7).
struct ServerLimits: Sendable {
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
    /// Bytes of answers longer than 16 KiB that clients may be taking at one time; whoever asks beyond is told to come
    /// back.
    var longAnswerBytes = 32 << 20
}

extension ServerLimits {
    /// Descriptors that are no connections: the state, epoll, pipes, libraries.
    private static let otherDescriptors = 64

    /// The usual limits, or less where the process may open few files: without descriptors NIO spins at 100 % CPU
    /// (measured).
    ///
    /// - Parameter descriptors: RLIMIT_NOFILE.
    init(descriptors: Int) {
        let most = max(16, descriptors - Self.otherDescriptors)
        guard most < connectionsAtMost else { return }
        connectionsAtMost = most
        connections = max(8, most * 8 / 15)
        waiters = max(4, connections * 3 / 4)
    }
}
