import Shared
import SharedHTTP

/// Turns what a watch wants into HTTP requests, with the credentials of the moment.
///
/// No proxy, ever: the API is inside the cluster, and what `HTTPS_PROXY` names is for the way out of it.
struct KubernetesClient {
    let settings: KubernetesSettings
    let timing: WatchTiming
    private var token: SecretSource
    private var tlsFiles: TLSFiles
    /// How often the authorities have changed, and which of them each ConfigMap's last connection trusted.
    private var authorities = 0
    private var trusted: [String: Int] = [:]
    private let connection: HTTPConnectionSettings
    /// Why the token's file cannot be read; the last good token goes on being used.
    private(set) var tokenError: SystemError?

    /// The largest GET or LIST, unpacked: a ConfigMap of 1 MiB of control characters (2.4 MB) with all its metadata.
    static let answerLimit = 8 << 20

    init(_ settings: KubernetesSettings, timing: WatchTiming) {
        self.settings = settings
        self.timing = timing
        let file = settings.tokenFile
        token = SecretSource(Secret(value: "", file: file.isEmpty ? nil : file, isExplicit: true))
        connection = HTTPConnectionSettings(caFile: settings.caFile)
        tlsFiles = TLSFiles(connection)
        tokenError = token.refresh(force: true)
    }

    var hasToken: Bool { !token.value.isEmpty }

    /// An answer that may be shown: a proxy's page may repeat what it was sent.
    func redacted(_ response: HTTPResponse) -> HTTPResponse {
        guard response.status != 200, hasToken else { return response }
        var response = response
        let text = String(decoding: response.body, as: UTF8.self)
        let parts = text.split(separator: usableToken, omittingEmptySubsequences: false)
        if parts.count > 1 { response.body = Array(parts.joined(separator: "[token]").utf8) }
        return response
    }

    func redacted(_ result: Result<HTTPResponse, TransportError>) -> Result<HTTPResponse, TransportError> {
        result.map(redacted)
    }

    /// White space around it is no part of it.
    private var usableToken: String {
        var text = token.value[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// A file that is empty for a moment keeps its old token: without one we would be nobody.
    private mutating func readToken(force: Bool) {
        var read = token
        tokenError = read.refresh(force: force)
        if read.value.isEmpty, hasToken { return }
        token = read
    }

    /// Reads the token again.
    ///
    /// - Returns: Whether it is another one now.
    mutating func refreshToken(force: Bool) -> Bool {
        let before = token.value
        readToken(force: force)
        return token.value != before
    }

    mutating func request(_ watch: WatchRequest, of state: ConfigMapState) -> HTTPRequest {
        var query = "watch=1&\(selector(state))&allowWatchBookmarks=true&timeoutSeconds=\(watch.timeoutSeconds)"
        switch watch.start {
        case .initialEvents: query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        case .version(let version): query += "&resourceVersion=\(PercentEncoding.pathSegment(version))"
        case .present: break
        }
        var request = request("\(collection(state))?\(query)", of: state, isNew: watch.needsNewConnection)
        request.timeout = nil
        // The server compresses no watch; a proxy that did would hold events back.
        request.acceptsGzip = false
        return request
    }

    /// On a connection of its own: the one before may be dead, and libcurl keeps an HTTP/2 connection whose transfer
    /// timed out.
    mutating func listRequest(of state: ConfigMapState) -> HTTPRequest {
        request("\(collection(state))?\(selector(state))", of: state, isNew: true)
    }

    /// On a connection of its own: it is asked because the watch's may be dead.
    mutating func getRequest(of state: ConfigMapState) -> HTTPRequest {
        request("\(collection(state))/\(PercentEncoding.pathSegment(state.name))", of: state, isNew: true)
    }

    /// A question to RBAC about ourselves, which every authenticated user may ask (SelfSubjectAccessReview; the API
    /// stores nothing). On a new connection only where the authorities have changed.
    mutating func reviewRequest(_ verb: String, _ state: ConfigMapState) -> HTTPRequest {
        let attributes: JSONValue = [
            "namespace": .string(state.namespace), "verb": .string(verb), "resource": "configmaps",
            "name": .string(state.name),
        ]
        let review: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": ["resourceAttributes": attributes],
        ]
        var request = request("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", of: state, isNew: false)
        request.method = .post
        request.body = JSONWriter.compact(review)
        request.headers.append(("Content-Type", "application/json"))
        return request
    }

    private func collection(_ state: ConfigMapState) -> String {
        "/api/v1/namespaces/\(PercentEncoding.pathSegment(state.namespace))/configmaps"
    }

    /// A Role with `resourceNames` allows a watch only with this selector (Tests/Fixtures/kubernetes, 02).
    private func selector(_ state: ConfigMapState) -> String {
        "fieldSelector=metadata.name%3D\(PercentEncoding.pathSegment(state.name))"
    }

    private mutating func request(_ path: String, of state: ConfigMapState, isNew: Bool) -> HTTPRequest {
        readToken(force: false)
        if tlsFiles.refresh() { authorities += 1 }
        // Also where another ConfigMap's request was the one that found them changed.
        let hasNewAuthorities = trusted.updateValue(authorities, forKey: state.fullName) != authorities
        return HTTPRequest(
            .get,
            settings.url.url(path),
            headers: [("Accept", "application/json")],
            credentials: hasToken ? .bearer(usableToken) : .none,
            connection: connection,
            connectTimeout: timing.connect,
            timeout: timing.request,
            responseLimit: Self.answerLimit,
            allowsHTTP2: true,
            acceptsGzip: true,
            needsNewConnection: isNew || hasNewAuthorities
        )
    }
}
