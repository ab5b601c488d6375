import Shared
import SharedHTTP

/// Performs what the plan decides: one request at a time over one connection. The loop and the one-shot share it.
final class PublisherEngine {
    var plan: PublicationPlan
    let client: BrokerClient
    private var multi: CurlMulti
    private var files: TLSFiles
    /// What is connected, and what libcurl remembers of certificates and sessions, is not to be used again.
    private var needsNewConnections = false
    private var credentials: BrokerCredentials
    /// The bytes of a contract; `nil` if they are gone.
    private let contents: (_ sha256: String) -> [UInt8]?
    private var current: (id: TransferID, request: BrokerRequest, started: MonotonicTime)?
    /// `X-Pact-Broker-Version` of the last answer that had it.
    private(set) var brokerVersion: String?

    /// What one turn brought.
    struct Turn {
        var answered: (request: BrokerRequest, outcome: BrokerOutcome)?
        /// Descriptors that became readable.
        var ready: [Int32]
    }

    init(
        settings: Settings,
        configuration: PublicationPlan.Configuration,
        contents: @escaping (_ sha256: String) -> [UInt8]?
    ) throws(TransportError) {
        client = BrokerClient(settings)
        files = TLSFiles(client.connection)
        credentials = BrokerCredentials(settings)
        multi = try CurlMulti()
        self.contents = contents
        plan = PublicationPlan(
            configuration: configuration,
            now: .now(),
            seed: UInt64.random(in: .min ... .max)
        )
    }

    /// When the request in flight began and until when it may take.
    var inFlight: (started: MonotonicTime, deadline: MonotonicTime)? {
        current.map { ($0.started, $0.started + client.timeout(of: $0.request.kind)) }
    }

    /// Starts what the plan wants now.
    ///
    /// - Returns: Until when nothing is to be done unless something happens.
    func advance(_ now: MonotonicTime) -> MonotonicTime {
        if credentials.refresh(force: false) { plan.credentialsChanged(now) }
        if files.refresh() {
            needsNewConnections = true
            plan.note(.certificatesChanged)
            plan.credentialsChanged(now)
        }
        while true {
            switch plan.next(now) {
            case .wait(let until): return until
            case .waitForAnswer: return now + .seconds(3600)
            case .send(let request): start(request, now)
            }
        }
    }

    /// Waits for the answer, a descriptor or the time, and hands the answer to the plan.
    func turn(waitingUpTo timeout: Duration, descriptors: [Int32]) -> Turn {
        let result = multi.turn(waitingUpTo: timeout, descriptors: descriptors)
        var turn = Turn(answered: nil, ready: result.ready)
        for (id, answer) in result.finished where id == current?.id {
            guard let (_, request, started) = current else { break }
            current = nil
            if case .success(let response) = answer, let version = response.headers["x-pact-broker-version"] {
                brokerVersion = StateLimits.cut(version, to: 64)
            }
            turn.answered = (request, finish(request, answer, started))
        }
        return turn
    }

    private func start(_ request: BrokerRequest, _ now: MonotonicTime) {
        guard let (request, loaded) = load(request, now) else { return }
        guard
            let http = client.httpRequest(
                request,
                credentials: credentials.current,
                contents: { loaded[$0.sha256] }
            )
        else { preconditionFailure("a contract of the request was not loaded") }
        do {
            if needsNewConnections {
                // Only a new multi handle forgets everything: idle connections, TLS sessions (which the server ties to
                // the old certificate) and the parsed authorities (kept for a day by path).
                multi = try CurlMulti()
                needsNewConnections = false
            }
            current = (try multi.start(http), request, now)
        } catch {
            // libcurl refuses the request itself, for example a CA file that is not there: as if it had failed.
            _ = finish(request, .failure(error), now)
        }
    }

    /// Loads the contracts of a publication; those that cannot be loaded are left out of it.
    ///
    /// - Returns: `nil` if nothing is left to be sent.
    private func load(
        _ request: BrokerRequest,
        _ now: MonotonicTime
    ) -> (request: BrokerRequest, contents: [String: [UInt8]])? {
        guard case .publish(let batch) = request else { return (request, [:]) }
        var loaded: [String: [UInt8]] = [:]
        var missing: Set<PairKey> = []
        for (key, item) in zip(batch.keys, batch.items) where loaded[item.content.sha256] == nil {
            if let bytes = contents(item.content.sha256) {
                loaded[item.content.sha256] = bytes
            } else {
                missing.insert(key)
            }
        }
        if missing.isEmpty { return (request, loaded) }
        return plan.contentsAreMissing(missing, now: now).map { ($0, loaded) }
    }

    /// Only for the few reads whose answer nothing else can be compared with: it takes as long as parsing a contract.
    private func computedSHA(for request: BrokerRequest, _ outcome: BrokerOutcome) -> String? {
        guard case .pact = outcome, let content = plan.contentToCompare(request), let bytes = contents(content),
            let document = try? JSONReader.parse(bytes)
        else { return nil }
        return PactContentSHA.of(document)
    }

    private func finish(
        _ request: BrokerRequest,
        _ answer: Result<HTTPResponse, TransportError>,
        _ started: MonotonicTime
    ) -> BrokerOutcome {
        let now = MonotonicTime.now()
        var usesBearer = false
        if case .bearer = credentials.current { usesBearer = true }
        let answer = client.explained(answer)
        // Whatever is put right, in our files or the system's, counts at the next attempt.
        if case .failure(let error) = answer, error.kind == .tls { needsNewConnections = true }
        let outcome = BrokerAnswer.outcome(
            of: request.kind,
            answer,
            usesBearer: usesBearer,
            proxy: client.connection.proxy
        )
        let computed = computedSHA(for: request, outcome)
        plan.handle(outcome, to: request, took: now - started, now: now, computedSHA: computed)
        if case .unauthorized = outcome, credentials.refresh(force: true) { plan.credentialsChanged(now) }
        return outcome
    }
}
