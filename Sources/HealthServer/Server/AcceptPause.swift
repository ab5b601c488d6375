internal import Glibc
internal import Logging
internal import NIOCore
internal import Shared

/// Accepts nothing for a moment when there is no descriptor for the next connection.
///
/// The socket stays readable then, and NIO would try again at once and for ever: 100 % of a CPU (2.101.2, measured). The
/// connections wait in the socket's queue meanwhile. ``ServerLimits/init(descriptors:)`` keeps this process below its own
/// limit; what remains is a limit lowered while it runs (EMFILE) and one of the whole machine (ENFILE).
///
/// NIO's own AcceptBackoffHandler waits a fixed time, one second by default, whatever happens meanwhile. This one goes on
/// as soon as a connection has closed, which is when there is a descriptor again: a probe does not wait out a pause.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// From one attempt to the next, unless a connection closes before: 100 attempts a second are 2 % of a CPU (measured).
    static let pause = TimeAmount.milliseconds(10)

    private let core: ServerCore
    private var noted: MonotonicTime?
    private var resumption: Scheduled<Void>?

    init(core: ServerCore) {
        self.core = core
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, error.errnoCode == EMFILE || error.errnoCode == ENFILE else {
            context.fireErrorCaught(error)
            return
        }
        note(error)
        guard resumption == nil else { return }
        let options = context.channel.syncOptions
        // Neither can fail on a channel that is open, and on a closed one there is nothing to accept.
        try? options?.setOption(.autoRead, value: false)
        let resume = { [self] in
            guard let resumption else { return }
            resumption.cancel()
            self.resumption = nil
            core.whenConnectionCloses = nil
            try? options?.setOption(.autoRead, value: true)
        }
        let eventLoop = context.eventLoop.assumeIsolated()
        resumption = eventLoop.scheduleTask(in: Self.pause, resume)
        // Not in the midst of the closing; and a queue of hundreds is through in moments even if one descriptor is free.
        core.whenConnectionCloses = { eventLoop.execute(resume) }
    }

    /// One line a minute.
    private func note(_ error: IOError) {
        let now = MonotonicTime.now()
        if let noted, now - noted < .seconds(60) { return }
        noted = now
        core.logger.error(
            "no descriptor left for a connection: it waits until another is closed",
            metadata: ["error": "\(error)"]
        )
    }
}
