internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
import Shared
import Synchronization

/// Asks one server over plain HTTP/1.1: a connection for each question, each with an end.
final class GateClient: Sendable {
    /// Ten times what the manager or the broker says about a provider with a thousand contracts.
    static let maximumBody = 4 << 20
    /// The broker's answer about a pair holds the contract, of which the manager publishes up to 16 MiB.
    static let maximumContract = 32 << 20
    /// A name that is looked up and a connection that is made count together.
    static let connectTimeout: Duration = .seconds(20)

    /// What came of a question, in the order in which it came.
    struct Ended: Sendable {
        var id: Int
        var result: Result<GateAnswer, GateFailure>
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let host: String
    private let port: Int
    private let authority: String
    private let accept: String
    private let limit: Int
    private let report: @Sendable (Ended) -> Void
    private let channels = Mutex<[Int: any Channel]>([:])

    /// - Parameter report: Called once for each question, on another thread.
    init(_ settings: GateSettings, report: @escaping @Sendable (Ended) -> Void) {
        authority = settings.source.url.authority
        host = settings.source.url.host
        port = Int(settings.source.url.port)
        if case .broker = settings.source {
            accept = "application/hal+json, application/json"
            limit = settings.consumer == nil ? GateClient.maximumBody : GateClient.maximumContract
        } else {
            accept = "application/json"
            limit = GateClient.maximumBody
        }
        self.report = report
    }

    func ask(_ id: Int, _ question: GateQuestion, login: String?) {
        var headers: HTTPHeaders = [
            "Host": authority, "Accept": accept, "User-Agent": "wait-for-contract/\(BuildVersion.number)",
            "Connection": "close",
        ]
        if let login { headers.add(name: "Authorization", value: login) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: question.path, headers: headers)
        let (report, limit) = (report, limit)
        let connection = ClientBootstrap(group: group)
            .connectTimeout(.nanoseconds(GateClient.connectTimeout.nanoseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        AnswerCollector(head, limit: limit) { report(Ended(id: id, result: $0)) }
                    )
                }
            }
            .connect(host: host, port: port)
        connection.whenComplete { [self] result in
            switch result {
            case .success(let channel):
                channels.withLock { $0[id] = channel }
                channel.closeFuture.whenComplete { [self] _ in channels.withLock { _ = $0.removeValue(forKey: id) } }
            case .failure(let error): report(Ended(id: id, result: .failure(GateClient.failure(error, host))))
            }
        }
    }

    /// Closes the connection of a question, if it has one already; what comes of it is for nobody.
    func abandon(_ id: Int) {
        channels.withLock { $0[id] }?.close(promise: nil)
    }

    static func failure(_ error: any Error, _ host: String) -> GateFailure {
        switch error {
        case let error as NIOConnectionError:
            if let single = error.connectionErrors.first { return failure(single.error, host) }
            if error.dnsAError != nil || error.dnsAAAAError != nil {
                return .notReached("the name '\(host)' does not resolve")
            }
            return .notReached("no connection")
        case let error as IOError: return .notReached(String(cString: strerror(error.errnoCode)).lowercased())
        case is ChannelError: return .notReached("no connection within \(connectTimeout.components.seconds) s")
        default: return .notReached("no connection (\(error))")
        }
    }
}

/// Sends the one request of its connection and collects the answer.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let limit: Int
    private var report: ((Result<GateAnswer, GateFailure>) -> Void)?
    private var answer: GateAnswer?

    init(_ head: HTTPRequestHead, limit: Int, report: @escaping (Result<GateAnswer, GateFailure>) -> Void) {
        self.head = head
        self.limit = limit
        self.report = report
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            var headers: [String: String] = [:]
            for (name, value) in head.headers where headers[name.lowercased()] == nil {
                headers[name.lowercased()] = value
            }
            answer = GateAnswer(status: Int(head.status.code), headers: headers, body: [])
        case .body(let part):
            answer?.body += part.readableBytesView
            if answer?.body.count ?? 0 > limit { end(.failure(.tooLarge(limit: limit)), context) }
        case .end:
            if let answer { end(.success(answer), context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let text = answer == nil ? "closes the connection without an answer" : "closes the connection within its answer"
        end(.failure(.brokenAnswer(text)), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState:
            end(.failure(.brokenAnswer("closes the connection within its answer")), context)
        case is HTTPParserError: end(.failure(.brokenAnswer("what it answers is not HTTP")), context)
        case let error as IOError:
            end(.failure(.brokenAnswer(String(cString: strerror(error.errnoCode)).lowercased())), context)
        default: end(.failure(.brokenAnswer("\(error)")), context)
        }
    }

    private func end(_ result: Result<GateAnswer, GateFailure>, _ context: ChannelHandlerContext) {
        report?(result)
        report = nil
        context.close(promise: nil)
    }
}
