import Shared
import SharedHTTP

/// One ConfigMap's watch with its transfers: performs what ``ConfigMapWatch`` decides.
final class ConfigMapFollower {
    private(set) var watch: ConfigMapWatch
    private var stream: Stream?
    private var list: TransferID?
    private var get: TransferID?
    /// When the API said last what the object is: what the time from event to state is counted from.
    private(set) var changed: MonotonicTime?
    /// A request could not be begun.
    private var failed: ConfigMapWatch.Input?

    /// The watch's answer as it comes in; libcurl's callback writes into it.
    private final class Stream {
        var id: TransferID?
        var lines = LineBuffer()
        var isOpen = false
        var hasNews = false
        /// The body of an answer that is no stream.
        var body: [UInt8] = []

        /// A Status is some hundred bytes; a proxy's page may be anything.
        static let bodyLimit = 64 << 10

        func take(_ part: HTTPStreamPart) -> Bool {
            hasNews = true
            guard part.status == 200 else {
                body.append(contentsOf: part.bytes.prefix(Self.bodyLimit - body.count))
                return true
            }
            isOpen = true
            lines.append(part.bytes)
            return !lines.isTooLong
        }
    }

    init(_ watch: ConfigMapWatch) {
        self.watch = watch
    }

    /// Lines that came, and time that passed.
    ///
    /// - Returns: Whether the API said what the object is.
    func turn(_ session: KubernetesSession) -> Bool {
        var delivered = false
        if let failed {
            self.failed = nil
            delivered = handle(failed, session)
        }
        if let stream { delivered = read(stream, session) || delivered }
        return handle(.time, session) || delivered
    }

    /// When there is something to do although nothing happens.
    func deadline(_ now: MonotonicTime) -> MonotonicTime? { failed == nil ? watch.deadline : now }

    /// The end of a transfer, if it is one of ours.
    ///
    /// - Returns: Whether the API said what the object is; `nil` for another's transfer.
    func finish(_ id: TransferID, _ result: Result<HTTPResponse, TransportError>, _ session: KubernetesSession) -> Bool?
    {
        let result = session.client.redacted(result)
        switch id {
        case list:
            list = nil
            return handle(.listed(result), session)
        case get:
            get = nil
            // The watch beside it may have said it already, and what a failure ends must have been read.
            let delivered = stream.map { read($0, session) } ?? false
            return handle(.got(result), session) || delivered
        case stream?.id:
            guard let stream else { return false }
            // What came before the end counts.
            let delivered = read(stream, session)
            guard self.stream === stream else { return delivered }
            self.stream = nil
            let end: ConfigMapWatch.WatchEnd
            switch result {
            case .failure(let error): end = .failed(error)
            case .success where stream.isOpen: end = .clean
            case .success(var response):
                response.body = stream.body
                end = .answer(session.client.redacted(response))
            }
            return handle(.ended(end), session) || delivered
        default: return nil
        }
    }

    /// Another token is in the file.
    func credentialsChanged(_ session: KubernetesSession) { _ = handle(.credentialsChanged, session) }

    /// Another one got through.
    func isReachable(_ session: KubernetesSession) { _ = handle(.reachable, session) }

    private func read(_ stream: Stream, _ session: KubernetesSession) -> Bool {
        guard stream.isOpen, stream.hasNews else { return false }
        stream.hasNews = false
        var delivered = handle(.opened, session)
        delivered = handle(.bytes, session) || delivered
        // A decision may end the stream in the middle of its lines.
        while self.stream === stream, let line = stream.lines.next() {
            let input: ConfigMapWatch.Input
            do throws(WatchEventError) { input = .event(try WatchEvent(line: line)) } catch {
                input = .unreadable("\(watch.explanation.place): \(error.reason)")
            }
            delivered = handle(input, session) || delivered
        }
        if self.stream === stream, stream.lines.isTooLong {
            let text = "\(watch.explanation.place) sent a line of more than \(mebibytes(LineBuffer.limit))"
            delivered = handle(.unreadable(text), session) || delivered
        }
        return delivered
    }

    private func handle(_ input: ConfigMapWatch.Input, _ session: KubernetesSession) -> Bool {
        var delivered = false
        for action in watch.handle(input, now: session.now, random: session.jitter.next()) {
            delivered = perform(action, session) || delivered
        }
        if watch.state.connection != .watching {
            watch.state.connectedSince = nil
        } else if watch.state.connectedSince == nil {
            watch.state.connectedSince = WallClock.now().rfc3339
        }
        if delivered { changed = session.now }
        return delivered
    }

    /// - Returns: Whether the API said what the object is.
    private func perform(_ action: ConfigMapWatch.Action, _ session: KubernetesSession) -> Bool {
        switch action {
        case .watch(let request):
            let new = Stream()
            stream = new
            let request = session.client.request(request, of: watch.state)
            new.id = start(request, session, onChunk: { new.take($0) }) { .ended(.failed($0)) }
        case .list: list = start(session.client.listRequest(of: watch.state), session) { .listed(.failure($0)) }
        case .get: get = start(session.client.getRequest(of: watch.state), session) { .got(.failure($0)) }
        case .cancel: cancel(session.curl)
        case .refreshCredentials: session.wantsToken = true
        case .deliver: return true
        case .log(let message): session.log(message)
        }
        return false
    }

    /// A request that cannot even be begun is one that failed; the next turn says so.
    private func start(
        _ request: HTTPRequest,
        _ session: KubernetesSession,
        onChunk: StreamReceiver? = nil,
        _ failure: (TransportError) -> ConfigMapWatch.Input
    ) -> TransferID? {
        do throws(TransportError) {
            return try session.curl.start(request, onChunk: onChunk)
        } catch {
            failed = failure(error)
            return nil
        }
    }

    private func cancel(_ curl: CurlMulti) {
        for id in [stream?.id, list, get].compactMap({ $0 }) { curl.cancel(id) }
        stream = nil
        list = nil
        get = nil
    }
}
