import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Shared

/// One connection: collects requests, has one after the other answered, and writes the answers' very bytes.
final class Connection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let server: Listener
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    /// Complete requests that wait for the present answer (pipelining).
    private var waiting: [(request: APIRequest, head: HTTPRequestHead)] = []
    private(set) var isBusy = false
    private var keepsAlive = true
    private var chunks = true
    /// Bytes held back to be sent one by one.
    private var held: [UInt8] = []
    private var heldOffset = 0
    private var pause: TimeAmount?
    private var whenSent: [() -> Void] = []

    init(_ server: Listener) {
        self.server = server
    }

    // MARK: in

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        server.opened(self)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        server.closed(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that sends no HTTP or goes away: nothing to answer to.
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLarge = false
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                output(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
        case .body(let buffer):
            isTooLarge = isTooLarge || body.count + buffer.readableBytes > APIRequest.maximumBodyBytes
            if isTooLarge { body = [] } else { body.append(contentsOf: buffer.readableBytesView) }
        case .end:
            guard let head else { return }
            let headers = head.headers.map { (name: $0.name, value: $0.value) }
            var request = APIRequest(method: head.method.rawValue, target: head.uri, headers: headers, body: body)
            request.isTooLarge = isTooLarge
            body = []
            waiting.append((request, head))
            next()
        }
    }

    private func next() {
        guard !isBusy, !waiting.isEmpty else { return }
        let (request, head) = waiting.removeFirst()
        isBusy = true
        keepsAlive = keepsAlive && head.isKeepAlive
        chunks = head.version == .http1_1
        server.answer(request, on: self)
    }

    // MARK: out

    /// Sends a whole answer.
    func respond(_ response: APIResponse) {
        let hasLength = response.body.count <= APIResponse.maximumBytesWithLength || !chunks
        let framing = hasLength ? ResponseHead.Framing.length(response.body.count) : .chunked
        start(response.status, type: response.contentType, headers: response.headers, framing: framing)
        if hasLength {
            output(response.body)
            finish()
        } else {
            output(Self.chunk(response.body))
            endStream()
        }
    }

    /// Sends the head of a stream, at once.
    func startStream(headers: [(name: String, value: String)]) {
        if !chunks { keepsAlive = false }
        start(200, type: "application/json", headers: headers, framing: chunks ? .chunked : .close)
    }

    /// Sends a line of a stream, as one chunk.
    func write(line: [UInt8]) {
        let bytes = line + [UInt8(ascii: "\n")]
        output(chunks ? Self.chunk(bytes) : bytes)
    }

    /// Sends the beginning of a line, and closes.
    func cut(line: [UInt8], after count: Int, reset: Bool) {
        let bytes = line + [UInt8(ascii: "\n")]
        let part = bytes.prefix(count)
        output(chunks ? Array("\(String(bytes.count, radix: 16))\r\n".utf8) + part : Array(part))
        afterOutput { [self] in close(reset: reset) }
    }

    func endStream() {
        if chunks { output(Array("0\r\n\r\n".utf8)) }
        finish()
    }

    /// Closes the connection at once.
    func close(reset: Bool = false) {
        guard let context else { return }
        if reset, let channel = context.channel as? any SocketOptionProvider {
            channel.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        }
        context.close(promise: nil)
    }

    /// Closes the connection once the present answer is out.
    func closeWhenIdle() {
        keepsAlive = false
        if !isBusy { close() }
    }

    /// From now on everything goes out byte by byte.
    func drip(every duration: Duration) {
        let wasDripping = pause != nil
        pause = .nanoseconds(duration.nanoseconds)
        if !wasDripping { drop() }
    }

    private func start(
        _ status: Int,
        type: String,
        headers: [(name: String, value: String)],
        framing: ResponseHead.Framing
    ) {
        output(
            ResponseHead.bytes(status, contentType: type, headers: headers, framing: framing, closes: !keepsAlive)
        )
    }

    private func finish() {
        afterOutput { [self] in
            isBusy = false
            if keepsAlive { next() } else { close() }
        }
    }

    private static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10]
    }

    private func output(_ bytes: [UInt8]) {
        guard let context else { return }
        if pause != nil {
            held += bytes
            return
        }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    /// Runs `action` once everything written so far is with the kernel.
    private func afterOutput(_ action: @escaping () -> Void) {
        guard let context else { return }
        if pause != nil {
            whenSent.append(action)
            return
        }
        let sent = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(action, eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in bound.value() }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(capacity: 0)), promise: sent)
    }

    /// Sends one of the bytes held back, again and again.
    private func drop() {
        guard let context, let pause else { return }
        if heldOffset < held.count {
            let byte = context.channel.allocator.buffer(bytes: [held[heldOffset]])
            context.writeAndFlush(wrapOutboundOut(byte), promise: nil)
            heldOffset += 1
        } else {
            held = []
            heldOffset = 0
            let actions = whenSent
            whenSent = []
            for action in actions { action() }
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: pause) { bound.value.drop() }
    }
}
