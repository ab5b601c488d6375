import NIOCore
import NIOHTTP1
import NIOPosix
import Shared

/// The listening socket and its connections, all on one event loop; closes and opens again for a "refuse" fault.
///
/// Every method but the initializer runs on the event loop.
final class BrokerListener {
    private let application: BrokerApplication
    private let eventLoop: any EventLoop
    private let host: String
    private var port: Int
    private var channel: (any Channel)?
    private var connections: [ObjectIdentifier: HTTPHandler] = [:]
    private var isStopping = false
    private var whenIdle: EventLoopPromise<Void>?

    /// - Parameter port: 0 for any; then the first one is kept for later openings.
    init(_ application: BrokerApplication, host: String, port: Int, eventLoop: any EventLoop) {
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
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(HTTPHandler(bound.value))
                }
            }
            .bind(host: host, port: port)
            .map { channel in
                bound.value.channel = channel
                bound.value.port = channel.localAddress?.port ?? bound.value.port
                return bound.value.port
            }
    }

    /// Has a request answered, and calls `deliver` once its delay is over.
    func answer(_ request: BrokerRequest, deliver: @escaping (BrokerReply) -> Void) {
        let reply = application.handle(request)
        if reply.delay == .zero { return deliver(reply) }
        let bound = NIOLoopBound(deliver, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: .nanoseconds(reply.delay.nanoseconds)) { bound.value(reply) }
    }

    func opened(_ handler: HTTPHandler) {
        connections[ObjectIdentifier(handler)] = handler
    }

    func closed(_ handler: HTTPHandler) {
        connections[ObjectIdentifier(handler)] = nil
        if connections.isEmpty { whenIdle?.succeed(()) }
    }

    /// Nobody listens for so long, like a broker that restarts.
    func refuse(for duration: Duration) {
        guard let channel, !isStopping else { return }
        self.channel = nil
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        channel.close()
            .whenComplete { _ in
                for handler in bound.value.connections.values { handler.close(waitsForAnswer: false) }
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

    /// Refuses new connections and lets answers in flight end; what is left after `limit` is cut.
    func stop(within limit: TimeAmount) -> EventLoopFuture<Void> {
        isStopping = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let idle = eventLoop.makePromise(of: Void.self)
        whenIdle = idle
        let closed = channel?.close() ?? eventLoop.makeSucceededVoidFuture()
        channel = nil
        closed.whenComplete { _ in
            for handler in bound.value.connections.values { handler.close(waitsForAnswer: true) }
            if bound.value.connections.isEmpty { idle.succeed(()) }
        }
        let cut = eventLoop.scheduleTask(in: limit) {
            for handler in bound.value.connections.values { handler.close(waitsForAnswer: false) }
        }
        return idle.futureResult.always { _ in cut.cancel() }
    }
}
