internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Shared

/// The connection of a client that follows `/events`. It serves nothing else from then on.
extension ConnectionHandler {
    /// Bytes that the kernel may hold for a client that does not read: a few dozen events. By itself it would take
    /// megabytes (tcp(7), `tcp_wmem`).
    private static let sendBuffer = 16 * 1024
    /// How long a peer may leave what was sent without an acknowledgement, in milliseconds: one whose machine is gone
    /// would hold its place for a quarter of an hour (tcp(7), `TCP_USER_TIMEOUT`).
    private static let unacknowledged = 30_000

    func beginStream() {
        guard let context, let head else { return }
        let isHead = head.method == .HEAD
        // Without chunks the end of the stream is the end of the connection.
        let version = head.version.minor == 0 ? HTTPVersion.http1_0 : HTTPVersion.http1_1
        beginLastAnswer()
        let responseHead = Answer.eventStreamHead(version: version)
        context.write(wrapOutboundOut(.head(responseHead)), promise: nil)
        guard !isHead else {
            // No end of the answer: that would write the last chunk of a body that a HEAD does not have.
            enter(.sending)
            let flushed = context.eventLoop.makePromise(of: Void.self)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: flushed)
            flushed.futureResult.assumeIsolated().whenComplete { [self] _ in linger() }
            return
        }
        enter(.streaming)
        // Neither can fail on an open TCP socket; without them only the bounds are wider.
        let options = context.channel.syncOptions
        try? options?.setOption(.socketOption(.so_sndbuf), value: Self.sendBuffer)
        let userTimeout = ChannelOptions.Types.SocketOption(
            level: .tcp,
            name: NIOBSDSocket.Option(rawValue: CInt(TCP_USER_TIMEOUT))
        )
        try? options?.setOption(userTimeout, value: Self.unacknowledged)
        let stream = EventStream(
            hub: core.streams,
            send: { [weak self] in self?.send(event: $0, isLast: $1, $2) },
            cut: { [weak self] in self?.close() }
        )
        self.stream = stream
        core.streams.begin(stream)
        if inputIsClosed { close() }
    }

    private func send(event bytes: [UInt8], isLast: Bool, _ whenOut: @escaping () -> Void) {
        guard let context, phase == .streaming else { return }
        let flushed = context.eventLoop.makePromise(of: Void.self)
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: isLast ? nil : flushed)
        if isLast {
            enter(.sending)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
        } else {
            context.flush()
        }
        flushed.futureResult.assumeIsolated()
            .whenComplete { [self] result in
                guard case .success = result else { return }
                if isLast { linger() } else { whenOut() }
            }
    }

    func endStream() {
        guard let stream else { return }
        self.stream = nil
        core.streams.end(stream)
    }
}

extension Answer {
    /// The head of `/events`.
    static func eventStreamHead(version: HTTPVersion) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: "text/event-stream")
        headers.add(name: "Cache-Control", value: "no-store")
        // nginx would hold events back to fill a buffer.
        headers.add(name: "X-Accel-Buffering", value: "no")
        headers.add(name: "Connection", value: "close")
        return HTTPResponseHead(version: version, status: .ok, headers: headers)
    }

    /// Every place for a stream is taken, or the process stops.
    static func noPlaceForStream(limit: Int, isStopping: Bool) -> Answer {
        let detail = isStopping ? "the manager is stopping" : "\(limit) clients follow the events already; ask again"
        var answer = problem(503, "Service Unavailable", detail: detail)
        answer.retryAfter = isStopping ? 1 : 5
        return answer
    }
}

extension ServerCore {
    /// The data of an event: the verdict of `/readiness`, counts, which change it is.
    func eventPayload(revision: Int) -> [UInt8] {
        let evaluation = ProbeEvaluation(situation)
        return JSONWriter.object { writer in
            writer.field("schema", "pact-mocks-manager.event/1")
            writer.field("revision", revision)
            writer.field("run", orNull: view.snapshot.run)
            writer.field("status", evaluation.readiness.isReady ? "ready" : "not_ready")
            writer.field("reason", orNull: evaluation.readiness.code)
            writer.field("detail", orNull: evaluation.readiness.detail)
            writer.field("since", history.since)
            writer.field("warnings", evaluation.warnings.count)
            writer.field("broker_healthy", evaluation.brokerHealthy)
            writer.write(evaluation.counts)
        }
    }
}
