import NIOCore
import NIOPosix
import Shared

/// A running broker, for `main` and for tests in the same process.
final class BrokerServer: Sendable {
    /// The port it listens on.
    let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: NIOLoopBoundBox<BrokerListener>

    /// Opens the port and returns once it listens.
    ///
    /// - Parameters:
    ///   - host: An address literal.
    ///   - port: 0 for any free one.
    ///   - directory: Where the store is kept; `nil` for memory only.
    ///   - now: The clock; tests bring their own.
    /// - Throws: `IOError` of the bind, ``StoreDirectory/Failure`` or `SystemError`.
    init(
        _ options: BrokerOptions = BrokerOptions(),
        host: String = "127.0.0.1",
        port: Int = 0,
        directory: String? = nil,
        now: @escaping @Sendable () -> WallClock = { WallClock.now() }
    ) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        do {
            listener =
                try eventLoop.submit {
                    let persistence = try directory.map { try StoreDirectory($0) }
                    let application = try BrokerApplication(options, persistence: persistence, now: now)
                    let listener = BrokerListener(application, host: host, port: port, eventLoop: eventLoop)
                    return NIOLoopBoundBox(listener, eventLoop: eventLoop)
                }
                .wait()
            let bound = listener
            self.port = try eventLoop.flatSubmit { bound.value.listen() }.wait()
        } catch {
            try? group.syncShutdownGracefully()
            throw error
        }
    }

    /// Answers what is in flight, for at most two seconds, and closes everything.
    func stop() throws {
        let bound = listener
        try group.next().flatSubmit { bound.value.stop(within: .seconds(2)) }.wait()
        try group.syncShutdownGracefully()
    }
}
