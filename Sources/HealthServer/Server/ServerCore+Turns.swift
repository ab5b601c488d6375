internal import NIOCore

/// Fairness between connections, and when the loop is woken.
extension ServerCore {
    /// Has changes handed over at once while anybody waits for them.
    func noteAttention() {
        let isAttentive = waiting > 0 || streams.count > 0
        guard let inbox, isAttentive != self.isAttentive else { return }
        self.isAttentive = isAttentive
        inbox.want(isAttentive)
        // For what came before anybody was to be told.
        if isAttentive { eventLoop.assumeIsolated().execute { self.lookAgain() } }
    }

    /// How many connections go on at a time, and what everybody else has before the next ones do.
    private static let turns = 16
    private static let breath = TimeAmount.microseconds(50)

    /// Has `connection` go on once the loop has looked for what came for others meanwhile.
    ///
    /// The loop runs everything that was handed to it with `execute` before it looks at a socket again, so it has to be a
    /// moment later (swift-nio 2.101.2).
    func letOthersFirst(_ connection: ConnectionHandler) {
        resting.append(connection)
        if resting.count == 1 { scheduleTurns() }
    }

    private func scheduleTurns() {
        eventLoop.assumeIsolated()
            .scheduleTask(in: Self.breath) { [self] in
                let next = resting.prefix(Self.turns)
                for connection in next { connection.goOn() }
                resting.removeFirst(next.count)
                if !resting.isEmpty { scheduleTurns() }
            }
    }
}
