internal import NIOCore
internal import NIOHTTP1

/// Counts what arrives before it is parsed: a request's head, bytes sent ahead while an answer is being made, and bytes
/// after the last answer.
///
/// The parser has limits of its own on the target and the header fields; this one counts every byte, blank lines and
/// padding too.
final class InputGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes that a client may send ahead of an answer that is being made.
    private static let aheadBytes = 16 * 1024
    /// Bytes thrown away after the last answer.
    private static let lingeringBytes = 256 * 1024

    private let connection: ConnectionHandler
    private let headBytes: Int
    private var bytesAhead = 0
    private var bytesLingering = 0
    private var isReadHeld = false

    init(connection: ConnectionHandler, headBytes: Int) {
        self.connection = connection
        self.headBytes = headBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if connection.phase == .lingering {
            bytesLingering += buffer.readableBytes
            if bytesLingering > Self.lingeringBytes { context.close(promise: nil) }
            return
        }
        if connection.phase.hasCompleteRequest {
            bytesAhead += buffer.readableBytes
            guard bytesAhead <= Self.aheadBytes else {
                context.close(promise: nil)
                return
            }
        } else {
            bytesAhead = 0
            connection.received(buffer)
        }
        context.fireChannelRead(data)
        if connection.isWaitingForHead, connection.headBytesSeen > headBytes {
            context.fireErrorCaught(HTTPParserError.headerOverflow)
        }
    }

    /// Tells the connection at once: the event itself waits behind requests that were sent ahead.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { connection.clientStoppedSending() }
        context.fireUserInboundEventTriggered(event)
    }

    /// Reads nothing more from a client that does not take what it was sent already.
    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isReadHeld, context.channel.isWritable {
            isReadHeld = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }
}
