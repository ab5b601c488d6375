internal import NIOHTTP1
internal import Shared

/// What to do with a complete request.
enum Reply {
    case now(Answer)
    /// Hold it until the query is ready or the time is up.
    case wait(ProviderQuery, Duration)
    /// Encode the document off the event loop, then make the answer from it.
    case document(Document, ([UInt8]) -> Answer)
    /// Make the page off the event loop.
    case page(PageSubject)
    /// From now on an event for every change.
    case stream
    /// As ``document(_:_:)``, with what is live besides.
    case metrics
}

extension ServerCore {
    /// Decides what to do with a request; touches nothing but memory.
    ///
    /// - Parameter name: Set to the request's route, if it has one.
    func reply(to head: HTTPRequestHead, naming name: inout RouteName) -> Reply {
        guard head.method == .GET || head.method == .HEAD else { return .now(.methodNotAllowed("\(head.method)")) }
        let route: Route
        do {
            route = try Route(target: head.uri)
        } catch {
            return .now(error.answer)
        }
        name = route.name
        lookAgain()
        let situation = situation
        switch route {
        case .liveness: return .now(.liveness(Liveness(situation)))
        case .health: return .now(.health(ProbeEvaluation(situation)))
        case .ready: return .now(.ready(ProbeEvaluation(situation), rules: rules))
        case .readiness: return .now(.readiness(ProbeEvaluation(situation), rules: rules, since: history.since))
        case .providers:
            let isBlocked = ProviderReadiness.blocker(situation) != nil
            return .document(.providers(isBlocked: isBlocked)) { .providers(situation, list: $0) }
        case .status:
            return AcceptPreference.prefersHTML(head.headers["accept"]) ? .page(pageSubject()) : status(situation)
        case .statusJSON: return status(situation)
        case .index:
            return AcceptPreference.prefersHTML(head.headers["accept"])
                ? .page(pageSubject()) : .now(.index().varying())
        case .events:
            return streams.hasPlace && !isStopping
                ? .stream : .now(.noPlaceForStream(limit: limits.streams, isStopping: isStopping))
        case .metrics: return .metrics
        case .startup(let query): return .now(.startup(StartupVerdict(query, situation), rules: rules))
        case .livenessChecks(let query):
            return .now(.checks(HealthCheck.liveness(Liveness(situation)), name: "livez", query, retryAfter: nil))
        case .readinessChecks(let query):
            let first = ProbeEvaluation(situation).readiness.reasons.first
            let checks = HealthCheck.readiness(situation)
            return .now(.checks(checks, name: "readyz", query, retryAfter: Answer.retryAfter(first, rules)))
        case .provider(let query, let wait): return reply(to: query, wait: wait, situation)
        }
    }

    private func status(_ situation: Situation) -> Reply {
        let evaluation = ProbeEvaluation(situation)
        let since = history.since
        let waiters = waiting
        return .document(.sections) {
            .status(situation, evaluation: evaluation, since: since, waiters: waiters, sections: $0).varying()
        }
    }

    private func reply(to query: ProviderQuery, wait: Duration?, _ situation: Situation) -> Reply {
        let readiness = ProviderReadiness(query, situation)
        var answer: Answer { .provider(readiness, situation: situation) }
        guard readiness.outcome != .ready, let wait, wait > .zero else { return .now(answer) }
        // Nothing will get better any more.
        if ProviderReadiness.blocker(situation)?.code == .stopping { return .now(answer) }
        guard hasPlaceForWaiter else {
            var answer = answer
            answer.waitRefused = true
            return .now(answer)
        }
        return .wait(query, wait)
    }
}
