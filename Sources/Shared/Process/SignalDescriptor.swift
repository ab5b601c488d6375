internal import CLinux
internal import Glibc

/// Signals as readable events: blocked for every thread and read from a descriptor, so that no handler ever runs.
///
/// Must be made in `main` before any thread exists: threads inherit the mask.
package final class SignalDescriptor: Sendable {
    /// Readable when a signal is pending. Closed with this object.
    package let number: Int32

    /// Blocks `signals` in the calling thread and opens a descriptor for them.
    package init(_ signals: [Int32]) throws(SystemError) {
        try checked("pthread_sigmask", "", clinux_block_signals(signals, signals.count))
        number = try checked("signalfd", "", clinux_signal_descriptor(signals, signals.count))
    }

    deinit { _ = close(number) }

    /// The next pending signal, or `nil`.
    package func next() -> Int32? {
        let signal = clinux_read_signal(number)
        return signal > 0 ? signal : nil
    }
}
