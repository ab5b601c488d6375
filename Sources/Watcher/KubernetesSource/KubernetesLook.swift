import Shared
import SharedHTTP

/// One look at the ConfigMaps through the API, with a GET each, for `--once`.
struct KubernetesLook {
    let place: String
    private(set) var watches: [ConfigMapWatch]
    let decision: SourceAssembly.Decision

    init(
        _ settings: Settings,
        _ kubernetes: KubernetesSettings,
        timing: WatchTiming = WatchTiming()
    ) throws(TransportError) {
        let start = MonotonicTime.now()
        let names = settings.configMapNames
        let explanation = KubernetesExplanation(settings: kubernetes, namespace: settings.namespace, names: names)
        place = names.map { "ConfigMap \(settings.namespace)/\($0)" }.joined(separator: ", ")
        watches = names.map { name in
            ConfigMapWatch(
                namespace: settings.namespace,
                name: name,
                previous: nil,
                explanation: explanation,
                timing: timing,
                now: start
            )
        }
        let session = try KubernetesSession(KubernetesClient(kubernetes, timing: timing), now: start)
        var open: [TransferID: Int] = [:]
        for index in watches.indices {
            open[try session.curl.start(session.client.getRequest(of: watches[index].state))] = index
        }
        // Each request has a time-out of its own.
        while !open.isEmpty {
            for (id, result) in session.curl.turn(waitingUpTo: timing.request).finished {
                guard let index = open.removeValue(forKey: id) else { continue }
                watches[index].take(look: session.client.redacted(result))
            }
        }
        let standsIn = settings.directoryStandsInForAbsent
        let assembly = SourceAssembly(timing: timing, standsInForAbsent: standsIn, start: start)
        decision = assembly.decide(watches, now: start + timing.start)
    }
}

extension ConfigMapWatch {
    /// A single GET instead of a watch.
    fileprivate mutating func take(look result: Result<HTTPResponse, TransportError>) {
        switch result {
        case .failure(let error): state.problem = explanation.problem(error)
        case .success(let response) where response.status == 200:
            guard let value = try? JSONReader.parse(response.body, options: .init(maximumDepth: 512)),
                let object = ConfigMapObject(value)
            else {
                let detail = "\(explanation.place) answered with something else than a ConfigMap"
                state.problem = .init(code: "unreadable", detail: detail)
                return
            }
            _ = deliver(object)
        case .success(let response) where response.status == 404 && KubernetesStatus(body: response.body) != nil:
            _ = deliver(nil)
        case .success(let response): state.problem = explanation.problem(response)
        }
    }
}
