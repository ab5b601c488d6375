internal import NIOCore
internal import Shared

/// One client that follows `/events` (HTML Living Standard, section 9.2, server-sent events).
final class EventStream {
    /// Sends bytes, then calls back when the kernel has taken them.
    typealias Send = (_ bytes: [UInt8], _ isLast: Bool, _ whenOut: @escaping () -> Void) -> Void

    private let hub: EventStreams
    private let send: Send
    /// Closes the connection at once.
    private let cut: () -> Void
    private var lastWrite = MonotonicTime.now()
    private var isOnItsWay = false
    private var toldRevision: Int?
    private var isFinished = false

    init(hub: EventStreams, send: @escaping Send, cut: @escaping () -> Void) {
        self.hub = hub
        self.send = send
        self.cut = cut
    }

    /// How long a browser waits before it comes again, in milliseconds.
    private static let retry = 1000

    /// The first event, with what a browser must know.
    func begin() {
        let event = hub.event()
        toldRevision = event.revision
        write(Array("retry: \(Self.retry)\n".utf8) + event.bytes)
    }

    /// Sends the newest event, now or as soon as the one before is out.
    func offer() {
        guard !isOnItsWay, !isFinished else { return }
        let event = hub.event()
        guard event.revision != toldRevision else { return }
        toldRevision = event.revision
        write(event.bytes)
    }

    func tick(now: MonotonicTime, patience: Duration, keepAlive: Duration) {
        if isOnItsWay {
            if now - lastWrite > patience { cut() }
        } else if now - lastWrite >= keepAlive {
            // A comment: tells both sides that the connection still is one.
            write(Array(": still here\n\n".utf8))
        }
    }

    /// The last event and the end of the answer; whoever has not taken the event before is cut.
    func finish() {
        guard !isOnItsWay else {
            cut()
            return
        }
        write(hub.event().bytes, isLast: true)
    }

    private func write(_ bytes: [UInt8], isLast: Bool = false) {
        guard !isFinished else { return }
        isFinished = isLast
        isOnItsWay = true
        lastWrite = .now()
        send(bytes, isLast) { [weak self] in
            guard let self else { return }
            isOnItsWay = false
            offer()
        }
    }
}
