import Shared

extension SourceDiagnosis {
    /// What concerns the Kubernetes API; of less weight where the directory stands in for it.
    var api: [DoctorLine] {
        guard let api = facts.api else { return [] }
        var lines = [token(api), authorities(api)]
        if let problem = api.configMaps.lazy.compactMap(\.problem).first(where: { !$0.isRefusal }) {
            // What a watcher says of its own attempts is nothing to do; all else may quote a server or a certificate.
            let isToken = problem.code == ConfigMapState.Problem.unauthorized
            let remedy = "Mount a token of an account of this cluster that has not expired."
            let found = isToken ? OwnSentence(problem.detail).trouble : problem.detail
            lines.append(.wrong(.sourceAPI, found, isToken ? remedy : nil))
        } else {
            lines.append(.good(.sourceAPI, "\(api.url) answers"))
            lines += SourceFacts.Verb.allCases.flatMap { rights($0, api) } + api.configMaps.map(line)
            lines += api.warnings.map { .odd(.sourceConfigMap, OwnSentence($0)) }
        }
        guard case .standIn = effective, !facts.insistsOnAPI else { return lines }
        return lines.map(\.asOdd)
    }

    private func token(_ api: SourceFacts.API) -> DoctorLine {
        if api.tokenFile.isEmpty { return .good(.sourceToken, "none is sent: KUBERNETES_TOKEN_FILE is not set") }
        if let flaw = api.tokenFlaw { return .wrong(.sourceToken, "\(api.tokenFile) \(flaw)") }
        guard let expiry = api.tokenExpiry else {
            return .good(.sourceToken, "\(api.tokenFile), which does not tell when it expires")
        }
        let time = WallClock(milliseconds: Int64(clamping: expiry) * 1000).rfc3339
        guard expiry > facts.now else {
            let remedy = "Mount the service account's token itself: the kubelet renews it; a copy expires."
            return .wrong(.sourceToken, "\(api.tokenFile) expired at \(time)", remedy)
        }
        return .good(.sourceToken, "\(api.tokenFile), good until \(time)")
    }

    private func authorities(_ api: SourceFacts.API) -> DoctorLine {
        if api.caFile.isEmpty {
            return .good(.sourceAuthorities, "not set: over \(api.url.scheme) there is no certificate to check")
        }
        if let flaw = api.authoritiesFlaw { return .wrong(.sourceAuthorities, "\(api.caFile) \(flaw)") }
        return .good(.sourceAuthorities, api.caFile)
    }

    /// One line for all ConfigMaps with the same answer.
    private func rights(_ verb: SourceFacts.Verb, _ api: SourceFacts.API) -> [DoctorLine] {
        let check = verb.check
        var lines: [DoctorLine] = []
        func names(_ right: SourceFacts.Right) -> String {
            api.configMaps.filter { $0.rights[verb] == right }.map(\.name).joined(separator: ", ")
        }
        let (allowed, denied) = (names(.allowed), names(.denied))
        if !allowed.isEmpty { lines.append(.good(check, "\(verb.rawValue) \(allowed): allowed")) }
        if !denied.isEmpty {
            let text = "\(verb.rawValue) \(denied): RBAC does not allow it"
            lines.append(
                verb == .list ? .good(check, text + ", and it is not needed") : .wrong(check, text, api.rule.advice)
            )
        }
        var told: [String] = []
        for map in api.configMaps {
            guard case .unknown(let reason)? = map.rights[verb], !told.contains(reason) else { continue }
            told.append(reason)
            let text = "cannot be asked: \(reason)"
            lines.append(verb == .list ? .good(check, text + "; it is not needed") : .odd(check, text))
        }
        return lines
    }

    private func line(_ map: SourceFacts.ConfigMap) -> DoctorLine {
        if let problem = map.problem { return refusal(problem.detail) }
        switch map.presence {
        case .present: return .good(.sourceConfigMap, "\(map.name) was read: \(counted(map.keys, "key"))")
        case .absent: return .wrong(.sourceConfigMap, "\(map.name) does not exist")
        case .unknown: return .wrong(.sourceConfigMap, "\(map.name): no answer")
        }
    }

    /// Of Kubernetes' own answer only names are repeated; of anybody else's all that it says.
    private func refusal(_ detail: String) -> DoctorLine {
        guard !detail.hasSuffix(KubernetesExplanation.foreignRefusal) else {
            let remedy = "See to what stands between this pod and the Kubernetes API."
            return .wrong(.sourceConfigMap, detail, remedy)
        }
        return .wrong(.sourceConfigMap, OwnSentence(detail))
    }
}

extension SourceFacts.Verb {
    fileprivate var check: DoctorCheck {
        switch self {
        case .get: .sourceGet
        case .watch: .sourceWatch
        case .list: .sourceList
        }
    }
}

extension ConfigMapState.Problem {
    /// The API is there and has said no to this ConfigMap.
    fileprivate var isRefusal: Bool { code == "forbidden" }
}
