import NIOCore
import NIOPosix
import Shared

/// A running server, for `main` and for tests in the same process.
final class KubernetesServer: Sendable {
    /// The port it listens on.
    let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: NIOLoopBoundBox<Listener>

    /// Opens the port and returns once it listens.
    ///
    /// - Parameters:
    ///   - host: An address literal.
    ///   - port: 0 for any free one.
    /// - Throws: `IOError` of the bind, or what is wrong with the state file.
    init(_ options: ServerOptions = ServerOptions(), host: String = "127.0.0.1", port: Int = 0) throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        do {
            listener =
                try eventLoop.submit {
                    let application = try Application(options, eventLoop: eventLoop)
                    let listener = Listener(application, host: host, port: port, eventLoop: eventLoop)
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

    /// Ends the watches, answers what is in flight, for at most two seconds, and closes everything.
    func stop() throws {
        let bound = listener
        try group.next().flatSubmit { bound.value.stop(within: .seconds(2)) }.wait()
        try group.syncShutdownGracefully()
    }
}
