internal import NIOCore
internal import NIOHTTP1
internal import Shared

/// One client connection: takes complete requests, one at a time, and answers them.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private(set) var phase: ConnectionPhase = .idle
    private(set) var phaseBegan = MonotonicTime.now()
    /// What a held request waits for.
    private(set) var waitingFor: ProviderQuery?
    /// No head of the present request has been parsed yet.
    private(set) var isWaitingForHead = true
    /// Bytes since the last head, while the next is awaited.
    private(set) var headBytesSeen = 0
    /// Bytes of the request line so far, and whether its end was seen.
    private var requestLine = (bytes: 0, isComplete: false)

    let core: ServerCore
    private(set) var context: ChannelHandlerContext?
    private(set) var head: HTTPRequestHead?
    /// While the client follows `/events`.
    var stream: EventStream?
    private var bodyBytes = 0
    private var deadline: Scheduled<Void>?
    /// Of the present request.
    private var route = RouteName.other
    private var wasHeld = false
    private var closesAfterAnswer = false
    private(set) var inputIsClosed = false
    /// As ``inputIsClosed``, but requests that came before may still be on their way to us.
    private var clientIsDone = false
    /// Requests answered so far, and since the event loop came to us last.
    private var requests = 0
    private var answersInTurn = 0
    /// Last answers to a client that has stopped sending, on their way out.
    private var unflushed = 0

    init(core: ServerCore) {
        self.core = core
    }

    // MARK: life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        core.admit(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        endWaiting(.abandoned)
        endStream()
        core.forget(self)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        endWaiting(.abandoned)
        endStream()
        core.forget(self)
        context.fireChannelInactive()
    }

    /// Closes at once.
    func close() {
        context?.close(promise: nil)
    }

    /// The process stops: a held request is answered with what holds now, everything else closes as soon as it can.
    func stop() {
        closesAfterAnswer = true
        switch phase {
        case .idle where requests > 0: close()
        case .lingering: close()
        case .waiting: answerWaiter()
        // A request may be on its way, perhaps in our socket already: it is answered if it comes in time.
        // Streams are ended by themselves, after a last event.
        case .idle, .receiving, .answering, .streaming, .sending: break
        case .resting:
            goOn()
            // Nobody comes back to it: the answer is out.
            if phase == .idle { close() }
        }
    }

    func enter(_ phase: ConnectionPhase) {
        self.phase = phase
        phaseBegan = MonotonicTime.now()
    }

    // MARK: input

    /// Raw bytes that belong to a request that is not complete yet.
    func received(_ buffer: ByteBuffer) {
        if phase == .idle { enter(.receiving) }
        guard isWaitingForHead else { return }
        headBytesSeen += buffer.readableBytes
        guard !requestLine.isComplete else { return }
        let bytes = buffer.readableBytesView
        let end = bytes.firstIndex(of: 0x0A)
        requestLine.bytes += (end ?? bytes.endIndex) - bytes.startIndex
        requestLine.isComplete = end != nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .lingering, !(phase == .sending && closesAfterAnswer) else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let buffer):
            bodyBytes += buffer.readableBytes
            if bodyBytes > core.limits.bodyBytes { refuse(.bodyTooLong(limit: core.limits.bodyBytes)) }
        case .end: answerRequest()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        if phase == .idle { enter(.receiving) }
        self.head = head
        route = .other
        wasHeld = false
        bodyBytes = 0
        isWaitingForHead = false
        headBytesSeen = 0
        requestLine = (0, false)
        guard head.version.major == 1 else {
            refuse(.badRequest("HTTP/\(head.version.major).\(head.version.minor) is not spoken here; use HTTP/1.1"))
            return
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > core.limits.bodyBytes
        {
            refuse(.bodyTooLong(limit: core.limits.bodyBytes))
        } else if head.headers.contains(name: "expect") {
            // No body is of interest here, so a client that asks first need not send it.
            closesAfterAnswer = true
            answerRequest()
        }
    }

    /// Whoever hung up or stopped sending is held no longer; what it had sent before is still answered.
    func clientStoppedSending() {
        clientIsDone = true
        switch phase {
        case .waiting: answerWaiter()
        case .streaming: close()
        case .idle, .receiving, .answering, .sending, .resting, .lingering: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        inputIsClosed = true
        closesAfterAnswer = true
        switch phase {
        case .idle where unflushed > 0: break
        case .idle, .receiving, .lingering, .streaming: close()
        // Whoever hung up while waiting looks like one who only stopped sending: the answer serves the second and frees
        // the place of the first.
        case .waiting: answerWaiter()
        case .answering, .sending, .resting: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError, phase != .lingering, !inputIsClosed else {
            context.close(promise: nil)
            return
        }
        guard !phase.hasCompleteRequest else {
            context.close(promise: nil)
            return
        }
        switch parserError {
        case .headerOverflow:
            let limit = core.limits.headBytes
            let isTarget = !requestLine.isComplete || requestLine.bytes >= limit
            refuse(isTarget ? .targetTooLong(limit) : .headerTooLong(limit))
        default: refuse(.badRequest("this is not a well-formed HTTP/1.1 request"))
        }
    }

    // MARK: answers

    private func answerRequest() {
        guard phase == .receiving, let head else { return }
        enter(.answering)
        isWaitingForHead = true
        switch core.reply(to: head, naming: &route) {
        case .now(let answer): send(answer)
        case .wait(let query, let duration): wait(for: query, duration)
        case .document(let document, let finish):
            core.encoded(document) { [self] bytes in
                if phase == .answering { send(finish(bytes), account: .documents) }
            }
        case .page(let subject):
            core.page(subject) { [self] bytes in
                if phase == .answering { send(.page(bytes), account: .documents) }
            }
        case .stream: beginStream()
        case .metrics:
            core.metrics { [self] bytes in
                if phase == .answering { send(.metrics(bytes), account: .metrics) }
            }
        }
    }

    private func wait(for query: ProviderQuery, _ duration: Duration) {
        enter(.waiting)
        waitingFor = query
        core.beginWaiting()
        let time = TimeAmount.nanoseconds(duration.nanoseconds)
        deadline = core.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in answerWaiter() }
        if clientIsDone || core.isStopping { answerWaiter() }
    }

    /// Ends the wait with `answer`.
    func release(_ answer: Answer) {
        guard phase == .waiting else { return }
        endWaiting(waitResult(answer))
        wasHeld = true
        enter(.answering)
        send(answer)
    }

    private func answerWaiter() {
        guard let query = waitingFor else { return }
        let situation = core.situation
        release(.provider(ProviderReadiness(query, situation), situation: situation))
    }

    private func waitResult(_ answer: Answer) -> WaitResult {
        if answer.status == 200 { return .ready }
        if clientIsDone { return .abandoned }
        return core.isStopping || core.view.snapshot.sections.processes?.stopping == true ? .stopping : .timeout
    }

    private func endWaiting(_ result: WaitResult) {
        guard waitingFor != nil else { return }
        waitingFor = nil
        deadline?.cancel()
        deadline = nil
        core.endWaiting(result, held: MonotonicTime.now() - phaseBegan)
    }

    /// What is sent now is the last answer of the connection, and takes as long as the client likes.
    func beginLastAnswer() {
        core.requestCounters.count(route, status: 200, took: nil)
        closesAfterAnswer = true
        head = nil
        requests += 1
    }

    /// The client's address without its port.
    var clientAddress: String? { context?.remoteAddress?.ipAddress }

    /// Answers and closes, whatever of the request is still to come.
    private func refuse(_ answer: Answer) {
        closesAfterAnswer = true
        send(answer)
    }

    /// - Parameter account: Only these are refused when too many clients take them: never a probe, however much it
    ///   has to say.
    private func send(_ wanted: Answer, account: AnswerAccount? = nil) {
        guard let context else { return }
        var answer = wanted
        var counted = 0
        if let account, answer.body.count > Self.longBody {
            if core.beginLongAnswer(account, bytes: answer.body.count) {
                counted = answer.body.count
            } else {
                answer = .tooManyLongAnswers()
            }
        }
        let isMeasured = phase == .answering && !wasHeld
        core.requestCounters.count(
            route,
            status: answer.status,
            took: isMeasured ? MonotonicTime.now() - phaseBegan : nil
        )
        // What is refused next may be no request at all.
        route = .other
        wasHeld = false
        let keepsAlive = !closesAfterAnswer && head?.isKeepAlive == true && !core.isStopping
        let isHead = head?.method == .HEAD
        let version = head?.version.minor == 0 ? HTTPVersion.http1_0 : HTTPVersion.http1_1
        closesAfterAnswer = !keepsAlive
        head = nil
        requests += 1
        enter(.sending)
        let responseHead = answer.head(version: version, keepsAlive: keepsAlive)
        context.write(wrapOutboundOut(.head(responseHead)), promise: nil)
        if !isHead, !answer.body.isEmpty {
            let buffer = context.channel.allocator.buffer(bytes: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        // The end of the answer lets the next pipelined request in, so a long one must be out first: a client that
        // takes nothing gets nothing more to take.
        guard answer.body.count > Self.longBody || !context.channel.isWritable else {
            finishAnswer(context)
            return
        }
        let flushed = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: flushed)
        flushed.futureResult.assumeIsolated()
            .whenComplete { [self] result in
                if let account { core.endLongAnswer(account, bytes: counted) }
                if case .success = result, let context = self.context { finishAnswer(context) }
            }
    }

    private static let longBody = 16 * 1024
    /// Before others have their turn: a hundred sent at once must not delay a probe. With one, everybody would rest.
    private static let answersPerTurn = 2

    private func finishAnswer(_ context: ChannelHandlerContext) {
        guard closesAfterAnswer else {
            answersInTurn += 1
            guard answersInTurn >= Self.answersPerTurn else {
                letNextIn(context)
                return
            }
            context.flush()
            enter(.resting)
            core.letOthersFirst(self)
            return
        }
        let flushed = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
        flushed.futureResult.assumeIsolated().whenComplete { [self] _ in linger() }
    }

    /// The end of an answer: a request that was sent ahead begins at once, in this very call.
    private func letNextIn(_ context: ChannelHandlerContext) {
        enter(.idle)
        guard clientIsDone else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        // The client's end may be told in this very call, before the flush: closing then would lose the answer.
        unflushed += 1
        let flushed = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
        flushed.futureResult.assumeIsolated()
            .whenComplete { [self] _ in
                unflushed -= 1
                if inputIsClosed, phase == .idle, unflushed == 0 { close() }
            }
    }

    /// Our turn again after others had theirs.
    func goOn() {
        answersInTurn = 0
        if phase == .resting, let context { letNextIn(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        answersInTurn = 0
        context.fireChannelReadComplete()
    }

    /// Closes our side first. Closing both while the client still sends would reset the connection, and the reset can
    /// overtake the answer.
    func linger() {
        guard let context, phase == .sending else { return }
        if inputIsClosed || core.isStopping {
            context.close(promise: nil)
            return
        }
        enter(.lingering)
        context.close(mode: .output, promise: nil)
        context.read()
    }
}
