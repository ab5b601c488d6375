internal import CLinux
internal import Glibc
import Shared

/// Sends ``ServiceMessage``s to the `NOTIFY_SOCKET` that the manager itself was given, in their order and without ever
/// waiting.
///
/// What must arrive is kept while the queue is full (systemd is busy) or nobody listens (systemd executes itself anew,
/// and with it goes the socket), and sent at a later turn of the loop.
final class ServiceNotifier {
    private let name: String?
    private var descriptor: Int32?
    private var waiting: [(message: ServiceMessage, decided: MonotonicTime)] = []
    /// Nobody takes anything, and that has been said.
    private var isTold = false

    /// A start, a reload and a stop are six; whatever is oldest goes first.
    private static let most = 16

    /// - Parameter environment: Of the manager.
    init(environment: ProcessEnvironment) {
        name = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
    }

    deinit {
        if let descriptor { _ = close(descriptor) }
    }

    /// True if somebody wants to be told.
    var isWanted: Bool { name != nil }

    /// Takes a message for the next ``flush()``. Only the last status counts.
    func add(_ message: ServiceMessage, decided time: MonotonicTime) {
        guard isWanted else { return }
        if case .status = message {
            waiting.removeAll { if case .status = $0.message { true } else { false } }
        }
        waiting.append((message, time))
        if waiting.count > Self.most { waiting.removeFirst() }
    }

    /// Sends what waits; a heartbeat that cannot be sent now is dropped, for a late one is none.
    ///
    /// - Returns: Why nobody takes it, once; a full queue is nothing to talk about.
    func flush() -> SystemError? {
        while let next = waiting.first {
            let error = deliver(next.message.text(next.decided))
            guard error != 0 else {
                waiting.removeFirst()
                isTold = false
                continue
            }
            waiting.removeAll { $0.message == .heartbeat }
            if isTold || error == EAGAIN { return nil }
            isTold = true
            return SystemError(call: "sendmsg", number: error, subject: name ?? "")
        }
        return nil
    }

    /// - Returns: 0 or the errno.
    private func deliver(_ text: String) -> Int32 {
        let isNew = descriptor == nil
        var error = transmit(text)
        // The socket that we know is gone; another may have taken its name.
        if !isNew, descriptor == nil { error = transmit(text) }
        return error
    }

    /// - Returns: 0 or the errno; after any but EAGAIN the descriptor is closed.
    private func transmit(_ text: String) -> Int32 {
        let number = descriptor ?? clinux_notify_connect(name ?? "")
        guard number >= 0 else { return -number }
        descriptor = number
        let result = text.withCString { clinux_notify_send(number, $0, text.utf8.count) }
        guard result < 0 else { return 0 }
        if result != -Int(EAGAIN) {
            _ = close(number)
            descriptor = nil
        }
        return Int32(clamping: -result)
    }
}
