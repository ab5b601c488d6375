import NIOCore
import NIOHTTP1
import Shared

/// One connection: collects a request, has it answered, delivers the answer, spoilt if a fault says so.
final class HTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// No contract of the corpus is near it; the publisher's own limit is 16 MiB a file.
    static let maximumBodyBytes = 64 << 20

    private let server: BrokerListener
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var keepsAlive = true
    /// Between the end of a request and the end of its answer.
    private(set) var isBusy = false
    private var context: ChannelHandlerContext?

    init(_ server: BrokerListener) {
        self.server = server
    }

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

    /// Closes the connection, at once or once the present answer is out.
    func close(waitsForAnswer: Bool) {
        keepsAlive = false
        if !waitsForAnswer || !isBusy { context?.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLarge = false
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            if length > Self.maximumBodyBytes {
                refuseLargeBody(context)
            } else {
                body.reserveCapacity(length)
                // Asked by curl for bodies over 1 MiB; without an answer it waits for a second.
                if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                    let go = HTTPResponseHead(version: .http1_1, status: .continue)
                    context.writeAndFlush(wrapOutboundOut(.head(go)), promise: nil)
                }
            }
        case .body(let buffer):
            if isTooLarge { return }
            if body.count + buffer.readableBytes > Self.maximumBodyBytes {
                refuseLargeBody(context)
            } else {
                body.append(contentsOf: buffer.readableBytesView)
            }
        case .end:
            guard let head, !isTooLarge else { return }
            let request = BrokerRequest(
                method: head.method.rawValue,
                target: head.uri,
                headers: head.headers.map { (name: $0.name, value: $0.value) },
                body: body
            )
            body = []
            isBusy = true
            keepsAlive = keepsAlive && head.isKeepAlive
            server.answer(request) { [self] reply in deliver(reply, version: head.version) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that sends no HTTP or goes away: nothing to answer to.
        context.close(promise: nil)
    }

    private func refuseLargeBody(_ context: ChannelHandlerContext) {
        isTooLarge = true
        body = []
        keepsAlive = false
        let text = "the body is larger than \(Self.maximumBodyBytes) bytes\n"
        send(.bytes(413, Array(text.utf8), type: "text/plain"), version: .http1_1)
    }

    private func deliver(_ reply: BrokerReply, version: HTTPVersion) {
        guard let context else { return }
        switch reply.delivery {
        case .whole: send(reply.response, version: version)
        case .close: context.close(promise: nil)
        case .hang: return
        case .closeMidBody, .hangMidBody:
            write(head: reply.response, version: version)
            write(reply.response.body.prefix(reply.response.body.count / 2))
            if reply.delivery == .closeMidBody { context.close(promise: nil) }
        case .drip(let bytes, let pause):
            write(head: reply.response, version: version)
            drip(reply.response.body[...], bytes: bytes, pause: TimeAmount.nanoseconds(pause.nanoseconds))
        }
        if let duration = reply.refuses { server.refuse(for: duration) }
    }

    private func send(_ response: BrokerResponse, version: HTTPVersion) {
        write(head: response, version: version)
        write(response.body[...])
        finish()
    }

    private func finish() {
        guard let context else { return }
        isBusy = false
        let end = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        end.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            if !handler.keepsAlive { context.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: end)
    }

    private func write(head response: BrokerResponse, version: HTTPVersion) {
        guard let context else { return }
        var headers = HTTPHeaders()
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        headers.add(name: "date", value: HTTPDate.text(WallClock.now()))
        headers.add(name: "server", value: "local-broker/\(BuildVersion.number)")
        if response.status != 204, response.status != 304 {
            headers.add(name: "content-length", value: String(response.body.count))
        }
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: response.status)
        let head = HTTPResponseHead(version: version, status: status, headers: headers)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func write(_ bytes: ArraySlice<UInt8>) {
        guard let context, !bytes.isEmpty else { return }
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    private func drip(_ rest: ArraySlice<UInt8>, bytes: Int, pause: TimeAmount) {
        guard let context else { return }
        write(rest.prefix(bytes))
        let left = rest.dropFirst(bytes)
        if left.isEmpty { return finish() }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: pause) { bound.value.drip(left, bytes: bytes, pause: pause) }
    }
}
