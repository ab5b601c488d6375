internal import Dispatch
internal import Synchronization

/// The server, for threads that were started before it.
final class ServerBox: Sendable {
    private let server = Mutex<HealthHTTPServer?>(nil)
    private let isSet = DispatchSemaphore(value: 0)

    func set(_ server: HealthHTTPServer) {
        self.server.withLock { $0 = server }
        isSet.signal()
    }

    /// Returns when ``set(_:)`` was called. For one thread, once.
    func waitForServer() { isSet.wait() }

    /// Hands a view to the server, if there is one.
    func deliver(_ view: StateView) {
        server.withLock { $0 }?.take(view)
    }
}
