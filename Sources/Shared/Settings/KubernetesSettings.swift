/// How the Kubernetes API is reached.
package struct KubernetesSettings: Equatable, Sendable {
    /// Without `/api/v1`.
    package var url: BaseURL
    /// Read again while we run; empty: no token (a proxy such as `kubectl proxy` adds its own).
    package var tokenFile: String
    /// PEM file of the authorities to trust; empty: the system's.
    package var caFile: String

    package init(url: BaseURL, tokenFile: String = "", caFile: String = "") {
        self.url = url
        self.tokenFile = tokenFile
        self.caFile = caFile
    }

    /// Where the kubelet mounts the pod's service account: `token`, `ca.crt`, `namespace`.
    package static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// In a cluster everything comes from the service account; outside, or to override, from three variables.
    ///
    /// - Returns: `nil` where the API is not asked: `CONTRACT_SOURCE=directory`, or `auto` where there is no API.
    static func read(_ reader: inout SettingReader, _ source: Settings.ContractSource) -> KubernetesSettings? {
        guard source != .directory else { return nil }
        let explicitURL = reader.text("KUBERNETES_API_URL")
        guard let url = explicitURL.isEmpty ? serviceURL(reader.environment) : explicit(&reader, explicitURL) else {
            if source == .kubernetes, explicitURL.isEmpty {
                let isSet = reader.environment["KUBERNETES_SERVICE_HOST"]?.isEmpty == false
                let why =
                    isSet
                    ? "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make no URL"
                    : "this is no cluster (KUBERNETES_SERVICE_HOST is not set)"
                let reason =
                    "\(why): set KUBERNETES_API_URL, KUBERNETES_TOKEN_FILE and KUBERNETES_CA_FILE (a kubeconfig is not "
                    + "read), or CONTRACT_SOURCE=directory"
                reader.problem("CONTRACT_SOURCE", source.rawValue, reason)
            }
            for name in ["KUBERNETES_TOKEN_FILE", "KUBERNETES_CA_FILE"] where !reader.text(name).isEmpty {
                reader.warn("\(name) is set and not used: KUBERNETES_API_URL is not set, and this is no cluster")
            }
            return nil
        }
        let token = file(&reader, "KUBERNETES_TOKEN_FILE", inPod: "token", url, explicitURL)
        // No service account in this pod: `automountServiceAccountToken: false`.
        if source == .auto, explicitURL.isEmpty, case .failure = reader.readFile(token) { return nil }
        let isOwn = !reader.text("KUBERNETES_CA_FILE").isEmpty
        let caFile =
            isOwn
            ? reader.pemFile("KUBERNETES_CA_FILE", holding: .certificate)
            : file(&reader, "KUBERNETES_CA_FILE", inPod: "ca.crt", url, explicitURL)
        return KubernetesSettings(url: url, tokenFile: token, caFile: caFile)
    }

    /// What the kubelet tells every container.
    private static func serviceURL(_ environment: ProcessEnvironment) -> BaseURL? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty else { return nil }
        let isIPv6 = host.contains(":") && !host.hasPrefix("[")
        let port = environment["KUBERNETES_SERVICE_PORT"] ?? ""
        return BaseURL("https://\(isIPv6 ? "[\(host)]" : host)" + (port.isEmpty ? "" : ":\(port)"))
    }

    private static func explicit(_ reader: inout SettingReader, _ text: String) -> BaseURL? {
        guard let url = BaseURL(text), url.credentials == nil else {
            reader.problem("KUBERNETES_API_URL", Settings.withoutCredentials(text), nil)
            return nil
        }
        return url
    }

    /// The variable's file, which must be there; else the service account's, which may come later.
    private static func file(
        _ reader: inout SettingReader,
        _ name: String,
        inPod file: String,
        _ url: BaseURL,
        _ explicitURL: String
    ) -> String {
        let path = reader.text(name)
        if path.isEmpty, explicitURL.isEmpty { return "\(serviceAccount)/\(file)" }
        if path.isEmpty {
            // Over plain http there is nobody whose certificate could be checked, and a proxy may add the token.
            if url.scheme == "https" {
                reader.problem(name, "", "KUBERNETES_API_URL is set to https, which needs it too")
            }
        } else if case .failure(let error) = reader.readFile(path) {
            reader.problem(name, path, "the file cannot be read (\(error)); mount the file or correct the path")
        }
        return path
    }
}
