import Shared

/// What `manager --check` says of the way to the Kubernetes API: nothing is sent, so that neither the certificate nor the
/// permissions are tried.
struct KubernetesCheck {
    let settings: Settings
    let kubernetes: KubernetesSettings
    let environment: ProcessEnvironment

    var lines: [CheckReport.Line] { [address, token, authorities] }

    /// What is said of the mounted directory instead of `line`, which was written for one that is alone.
    func directory(_ line: CheckReport.Line, _ path: String) -> String {
        if line.mark == .good { return "\(line.text); used while the API cannot be" }
        return "\(path) holds nothing to read; it would be used while the API cannot be"
    }

    private var address: CheckReport.Line {
        let isSet = environment["KUBERNETES_API_URL"]?.isEmpty == false
        let names = settings.configMapNames.map { "\(settings.namespace)/\($0)" }.joined(separator: ", ")
        let what = settings.configMapNames.count == 1 ? "ConfigMap" : "ConfigMaps"
        let origin = isSet ? "" : " (of this cluster)"
        return .good(
            "KUBERNETES_API_URL",
            "\(kubernetes.url)\(origin), \(what) \(names); not tried: `watcher --once` asks it"
        )
    }

    private var token: CheckReport.Line {
        let subject = "KUBERNETES_TOKEN_FILE"
        guard !kubernetes.tokenFile.isEmpty else {
            return .good(subject, "not set: no token is sent; a proxy such as `kubectl proxy` adds its own")
        }
        guard let flaw = kubernetes.tokenFlaw else { return .good(subject, kubernetes.tokenFile) }
        return .failed(subject, "\(kubernetes.tokenFile) \(flaw); \(remedy)")
    }

    private var authorities: CheckReport.Line {
        let subject = "KUBERNETES_CA_FILE"
        guard !kubernetes.caFile.isEmpty else {
            return .good(subject, "not set: over \(kubernetes.url.scheme) there is no certificate to check")
        }
        guard let flaw = kubernetes.authoritiesFlaw else { return .good(subject, kubernetes.caFile) }
        return .failed(subject, "\(kubernetes.caFile) \(flaw); \(remedy)")
    }

    private var remedy: String {
        "mount the pod's service account (automountServiceAccountToken), or set CONTRACT_SOURCE=directory"
    }
}
