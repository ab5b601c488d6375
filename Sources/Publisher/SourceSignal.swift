import CLinux
import Glibc
import Shared
import Synchronization

/// Turns changes of the watcher's section into a readable descriptor: a futex cannot be waited for together with
/// sockets, so one small thread does nothing but that.
final class SourceSignal: Sendable {
    /// Readable after a change, until ``take(sequence:)``.
    let descriptor: Int32
    private let acknowledgement: Int32
    private let reader: StateReader
    /// The longest sleep. A wake-up that is lost, with a writer that was killed between its commit and its call, is made
    /// up for by its successor and, once a second, by the health server; this is for where neither is.
    private static let longestSleep = Duration.seconds(5)
    /// The sequence that the loop has read.
    private let sequence = Atomic<UInt32>(0)

    /// Starts the thread; it lives as long as the process.
    init(_ reader: StateReader) throws(SystemError) {
        self.reader = reader
        descriptor = try checked("eventfd", "", clinux_event_create())
        acknowledgement = try checked("eventfd", "", clinux_event_create())
        var thread = pthread_t()
        // Retained for ever: the thread never ends.
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SourceSignal>.fromOpaque(context).takeUnretainedValue().run()
                return nil
            },
            context
        )
        guard code == 0 else { throw SystemError(call: "pthread_create", number: code) }
        pthread_detach(thread)
    }

    /// The loop has read the section and found this sequence: wait for the next change.
    func take(sequence number: UInt32) {
        sequence.store(number, ordering: .releasing)
        var value: UInt64 = 0
        _ = read(descriptor, &value, 8)
        value = 1
        _ = write(acknowledgement, &value, 8)
    }

    private func run() {
        while true {
            let known = sequence.load(ordering: .acquiring)
            guard reader.waitForChange(of: .source, after: known, timeout: Self.longestSleep) else { continue }
            var value: UInt64 = 1
            _ = write(descriptor, &value, 8)
            // Not again before the loop has looked, or this thread would spin.
            var descriptors = pollfd(fd: acknowledgement, events: Int16(POLLIN), revents: 0)
            while poll(&descriptors, 1, -1) < 0 {}
            _ = read(acknowledgement, &value, 8)
        }
    }
}
