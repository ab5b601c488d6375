internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Shared
internal import Synchronization

/// What the server does every ``ServerLimits/tick`` for others: gets a way to run something off the event loop, returns
/// the supervisor's tick as it can be read now.
typealias Pulse = @Sendable (_ offLoop: (@escaping @Sendable () -> Void) -> Void) -> UInt32?

/// The HTTP server on one event loop.
final class HealthHTTPServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let eventLoop: any EventLoop
    private let core: NIOLoopBound<ServerCore>
    private let inbox: StateInbox
    private let channel: any Channel
    private let ticking: RepeatedTask
    private let limits: ServerLimits
    /// Held while a view is handed over: the loop must not be shut down in between.
    private let isStopped = Mutex(false)

    /// Begins to accept on a listening socket.
    ///
    /// - Parameters:
    ///   - socket: Bound and listening; owned by the server from now on.
    ///   - view: What is known of the state already, so that the first answer is no worse than the last one of the
    ///     process before.
    ///   - pulse: Called on the event loop every ``ServerLimits/tick``, after the server did its own work.
    ///   - clock: The time that answers go by.
    static func start(
        socket: Int32,
        rules: EvaluationRules,
        view: StateView = .initial,
        limits: ServerLimits = ServerLimits(),
        logger: Logger,
        pulse: Pulse? = nil,
        clock: @escaping @Sendable () -> MonotonicTime = { .now() }
    ) throws -> HealthHTTPServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.any()
        let inbox = StateInbox()
        do {
            let core =
                try eventLoop.submit {
                    let core = ServerCore(
                        limits: limits,
                        rules: rules,
                        logger: logger,
                        eventLoop: eventLoop,
                        inbox: inbox,
                        clock: clock
                    )
                    core.take(view)
                    return NIOLoopBound(core, eventLoop: eventLoop)
                }
                .wait()
            let channel = try bootstrap(group, core, limits).withBoundSocket(socket).wait()
            // NIO calls listen(2) with 128 on a socket that it is given, whatever the channel's options say (2.101.2,
            // seen with strace). The queue is what keeps connections over a restart, so it gets its length back.
            try retryingInterrupts("listen") { listen(socket, ListeningSocket.backlog) }
            return
                try eventLoop.submit {
                    HealthHTTPServer(
                        group: group,
                        core: core,
                        inbox: inbox,
                        channel: channel,
                        limits: limits,
                        pulse: pulse
                    )
                }
                .wait()
        } catch {
            group.shutdownGracefully { _ in }
            throw error
        }
    }

    private init(
        group: MultiThreadedEventLoopGroup,
        core: NIOLoopBound<ServerCore>,
        inbox: StateInbox,
        channel: any Channel,
        limits: ServerLimits,
        pulse: Pulse?
    ) {
        self.group = group
        self.core = core
        self.inbox = inbox
        self.channel = channel
        self.limits = limits
        eventLoop = core.eventLoop
        let interval = TimeAmount.nanoseconds(limits.tick.nanoseconds)
        ticking = core.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: interval) { _ in
            core.value.tick()
            if let pulse { core.value.pulse(pulse) }
        }
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup,
        _ core: NIOLoopBound<ServerCore>,
        _ limits: ServerLimits
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            // A burst of connections must not wait for one loop turn each.
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(core: core.value))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // An option of TCP: at socket level the same number is SO_DEBUG, which only root may set.
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Nor must one client's bytes: what is left comes in the next turn.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // The kernel would take 4 MB for a client that does not read (measured).
            .childChannelOption(.socketOption(.so_sndbuf), value: 256 * 1024)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try addHandlers(to: channel.pipeline.syncOperations, core.value, limits)
                }
            }
    }

    /// The handlers of one connection.
    static func addHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations,
        _ core: ServerCore,
        _ limits: ServerLimits
    ) throws {
        let connection = ConnectionHandler(core: core)
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.headBytes
        decoderLimits.maxHeaderListSize = limits.headBytes
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoderLimits)
        try pipeline.addHandler(InputGuard(connection: connection, headBytes: limits.headBytes))
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(connection)
    }

    /// The port it listens on.
    var port: UInt16? { channel.localAddress?.port.flatMap { UInt16(exactly: $0) } }

    /// Hands a new view of the state to the event loop. Callable from any thread; after ``stop()`` it does nothing.
    func take(_ view: StateView) {
        guard inbox.put(view) else { return }
        isStopped.withLock { isStopped in
            if !isStopped { eventLoop.execute { [core] in core.value.lookAgain() } }
        }
    }

    /// Returns when the event loop has turned once.
    func waitForTurn() throws {
        try eventLoop.submit {}.wait()
    }

    /// What the server holds at this moment.
    func load() throws -> Load {
        try eventLoop.submit { [core] in
            Load(
                connections: core.value.connections.count,
                waiters: core.value.waiting,
                streams: core.value.streams.count
            )
        }
        .wait()
    }

    /// Connections, held requests and event streams.
    struct Load: Equatable, Sendable {
        var connections: Int
        var waiters: Int
        var streams = 0
    }

    /// Stops accepting, answers every held request, closes all connections. Returns within
    /// ``ServerLimits/stopping`` and a little. Later calls do nothing.
    func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        let done = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { [core, channel, ticking, limits] in
            ticking.cancel()
            channel.close(promise: nil)
            core.value.stop { done.succeed() }
            core.eventLoop.scheduleTask(in: .nanoseconds(limits.stopping.nanoseconds)) { done.succeed() }
        }
        // Neither can fail: the promise only succeeds, and a group that is shut down already is as good.
        try? done.futureResult.wait()
        try? group.syncShutdownGracefully()
    }
}
