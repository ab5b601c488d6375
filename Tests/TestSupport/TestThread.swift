internal import Glibc

/// Runs `body` on a thread of its own: what blocks must not occupy the test runner's few threads.
package final class TestThread: @unchecked Sendable {
    // Safe: set once before the thread exists, read by it alone.
    private let body: @Sendable () -> Void
    private var thread = pthread_t()

    package init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        pthread_create(
            &thread,
            nil,
            { pointer in
                if let pointer { Unmanaged<TestThread>.fromOpaque(pointer).takeRetainedValue().body() }
                return nil
            },
            Unmanaged.passRetained(self).toOpaque()
        )
    }

    package func join() { pthread_join(thread, nil) }

    /// Nobody will join it: what it occupies goes when it ends.
    package func detach() { pthread_detach(thread) }
}
