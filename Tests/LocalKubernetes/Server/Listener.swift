import NIOCore
import NIOHTTP1
import NIOPosix
import Shared

/// The listening socket and its connections, all on one event loop; closes and opens again for a "refuse" fault.
///
/// Every method but the initializer runs on the event loop.
final class Listener {
    private let application: Application
    private let eventLoop: any EventLoop
    private let host: String
    private var port: Int
    private var channel: (any Channel)?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var isStopping = false
    private var whenIdle: EventLoopPromise<Void>?

    /// - Parameter port: 0 for any; then the first one is kept for later openings.
    init(_ application: Application, host: String, port: Int, eventLoop: any EventLoop) {
        self.application = application
        self.host = host
        self.port = port
        self.eventLoop = eventLoop
    }

    /// Opens the port.
    ///
    /// - Returns: Its number.
    func listen() -> EventLoopFuture<Int> {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
                    try channel.pipeline.syncOperations.addHandler(Connection(bound.value))
                }
            }
            .bind(host: host, port: port)
            .map { channel in
                bound.value.channel = channel
                bound.value.port = channel.localAddress?.port ?? bound.value.port
                return bound.value.port
            }
    }

    func answer(_ request: APIRequest, on connection: Connection) {
        if let refusal = application.answer(request, on: connection) { refuse(for: refusal) }
    }

    func opened(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
    }

    func closed(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        application.closed(connection)
        if connections.isEmpty { whenIdle?.succeed(()) }
    }

    /// Nobody listens for so long, like a server that restarts.
    private func refuse(for duration: Duration) {
        guard let channel, !isStopping else { return }
        self.channel = nil
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        channel.close()
            .whenComplete { _ in
                for connection in bound.value.connections.values { connection.close() }
                bound.value.reopen(after: .nanoseconds(duration.nanoseconds))
            }
    }

    private func reopen(after amount: TimeAmount) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: amount) {
            if bound.value.isStopping { return }
            bound.value.listen()
                .whenFailure { error in
                    // Somebody else took the port meanwhile: tried again until it is free.
                    Diagnostics.report("cannot listen again yet: \(error)")
                    bound.value.reopen(after: .milliseconds(100))
                }
        }
    }

    /// Refuses new connections, ends the watches and lets answers in flight end; what is left after `limit` is cut.
    func stop(within limit: TimeAmount) -> EventLoopFuture<Void> {
        isStopping = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let idle = eventLoop.makePromise(of: Void.self)
        whenIdle = idle
        let closed = channel?.close() ?? eventLoop.makeSucceededVoidFuture()
        channel = nil
        closed.whenComplete { _ in
            for connection in bound.value.connections.values { connection.closeWhenIdle() }
            bound.value.application.endWatches()
            if bound.value.connections.isEmpty { idle.succeed(()) }
        }
        let cut = eventLoop.scheduleTask(in: limit) {
            for connection in bound.value.connections.values { connection.close() }
        }
        return idle.futureResult.always { _ in cut.cancel() }
    }
}
