internal import Shared

/// Every open connection, for limits and time-outs.
struct ConnectionTable {
    private var connectionsByID: [ObjectIdentifier: ConnectionHandler] = [:]

    var count: Int { connectionsByID.count }

    /// A copy, so that connections may close while it is walked.
    var all: [ConnectionHandler] { Array(connectionsByID.values) }

    mutating func insert(_ connection: ConnectionHandler) {
        connectionsByID[ObjectIdentifier(connection)] = connection
    }

    mutating func remove(_ connection: ConnectionHandler) {
        connectionsByID[ObjectIdentifier(connection)] = nil
    }

    /// The connection that is idle, or has been sending its request, for longest; never one with a complete request, but
    /// for what a client sent ahead of many answers.
    func longestWithoutRequest() -> ConnectionHandler? {
        connectionsByID.values.lazy.filter { $0.phase.mayBeClosed }.min { $0.phaseBegan < $1.phaseBegan }
    }

    /// Connections that have been too long in a phase that depends on the client.
    func overdue(now: MonotonicTime, limits: ServerLimits) -> [ConnectionHandler] {
        connectionsByID.values.filter { connection in
            switch connection.phase {
            case .idle, .receiving, .sending: now - connection.phaseBegan > limits.patience
            case .lingering: now - connection.phaseBegan > limits.lingering
            // Streams look after themselves.
            case .answering, .waiting, .streaming, .resting: false
            }
        }
    }
}
