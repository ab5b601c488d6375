import Shared
import SharedHTTP

/// Gathers ``SourceFacts``: reads and asks, each time with a deadline, and changes nothing. A question about a right
/// (SelfSubjectAccessReview) is stored nowhere.
struct SourceExamination {
    let settings: Settings
    let environment: ProcessEnvironment

    /// Shorter than a watcher's: a person waits.
    private static var timing: WatchTiming {
        var timing = WatchTiming()
        timing.connect = .seconds(5)
        timing.request = .seconds(8)
        return timing
    }

    func facts() throws(TransportError) -> SourceFacts {
        let place = "CONFIGMAP_PATH=\(settings.configMapPath)"
        var facts = SourceFacts(
            now: Int(WallClock.now().milliseconds / 1000),
            place: place,
            insistsOnAPI: settings.contractSource == .kubernetes,
            directory: OnceRun.settledReading(DirectoryReader(path: settings.configMapPath, place: place))
        )
        let isInCluster = environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false
        facts.lacksAccount = settings.kubernetes == nil && settings.contractSource == .auto && isInCluster
        if let kubernetes = settings.kubernetes { facts.api = try api(kubernetes) }
        return facts
    }

    private func api(_ kubernetes: KubernetesSettings) throws(TransportError) -> SourceFacts.API {
        let claims = TokenClaims(file: kubernetes.tokenFile)
        let look = try KubernetesLook(settings, kubernetes, timing: Self.timing)
        let found = ConfigMapContent(look.watches)
        let rule = RoleRule(
            namespace: settings.namespace,
            names: settings.configMapNames,
            serviceAccount: claims?.serviceAccount
        )
        var api = SourceFacts.API(
            url: kubernetes.url,
            tokenFile: kubernetes.tokenFile,
            tokenFlaw: kubernetes.tokenFlaw,
            tokenExpiry: claims?.expiry,
            caFile: kubernetes.caFile,
            authoritiesFlaw: kubernetes.authoritiesFlaw,
            configMaps: look.watches.map { watch in
                SourceFacts.ConfigMap(
                    name: watch.state.fullName,
                    presence: watch.state.presence,
                    problem: watch.state.problem,
                    keys: watch.object?.values.count ?? 0
                )
            },
            rule: rule,
            decision: look.decision,
            content: found.content
        )
        // Those that are absent have a line of their own.
        if look.watches.allSatisfy({ $0.object != nil }) { api.warnings = found.warnings }
        // Who does not get through with a GET does not with a question either.
        if look.watches.allSatisfy({ $0.state.problem.map { $0.code == "forbidden" } ?? true }) {
            try askRights(kubernetes, look.watches.map(\.state), &api)
        }
        return api
    }

    private func askRights(
        _ kubernetes: KubernetesSettings,
        _ states: [ConfigMapState],
        _ api: inout SourceFacts.API
    ) throws(TransportError) {
        let session = try KubernetesSession(KubernetesClient(kubernetes, timing: Self.timing), now: .now())
        var open: [TransferID: (Int, SourceFacts.Verb)] = [:]
        for (index, state) in states.enumerated() {
            for verb in SourceFacts.Verb.allCases {
                open[try session.curl.start(session.client.reviewRequest(verb.rawValue, state))] = (index, verb)
            }
        }
        // Each request has a time-out of its own.
        while !open.isEmpty {
            for (id, result) in session.curl.turn(waitingUpTo: Self.timing.request).finished {
                guard let (index, verb) = open.removeValue(forKey: id) else { continue }
                api.configMaps[index].rights[verb] = Self.right(session.client.redacted(result))
            }
        }
    }

    /// 201 with `status.allowed` (recording 05 of Tests/Fixtures).
    static func right(_ result: Result<HTTPResponse, TransportError>) -> SourceFacts.Right {
        switch result {
        case .failure(let error): return .unknown(error.description)
        case .success(let response):
            guard (200..<300).contains(response.status), let value = try? JSONReader.parse(response.body),
                let isAllowed = value["status"]?["allowed"]?.bool
            else { return .unknown("SelfSubjectAccessReview was answered with \(response.status)") }
            return isAllowed ? .allowed : .denied
        }
    }
}
