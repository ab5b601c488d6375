/// A request on its way through the server.
struct Exchange {
    var request: APIRequest
    var target: RequestTarget
    /// `nil`: a token that nobody has.
    var identity: AccessTable.Identity?
    /// What the request wants of ConfigMaps; `nil` for any other path.
    var wanted: AccessTable.Attributes?
    var connection: Connection
    var entry: RequestLog.Entry

    /// The flow the real server's priority and fairness would put it in; `nil` before that is known.
    var hasFlow: Bool { identity != nil }

    var form: ConfigMap.Form {
        let accept = request.header("accept") ?? ""
        return accept.contains("as=PartialObjectMetadata;") || accept.contains("as=PartialObjectMetadataList;")
            ? .metadata : .whole
    }

    init(_ request: APIRequest, _ target: RequestTarget, _ identity: AccessTable.Identity?, _ connection: Connection) {
        self.request = request
        self.target = target
        self.identity = identity
        self.connection = connection
        wanted = Self.attributes(request, target)
        entry = RequestLog.Entry(
            method: request.method,
            path: request.target,
            isAuthorized: request.header("authorization") != nil
        )
        entry.verb = wanted?.verb ?? ""
        entry.name = wanted?.name
        entry.user = identity?.user ?? ""
        entry.userAgent = request.header("user-agent")
        entry.acceptEncoding = request.header("accept-encoding")
        entry.accept = request.header("accept")
    }

    private static func attributes(_ request: APIRequest, _ target: RequestTarget) -> AccessTable.Attributes? {
        let selected = Selection.name(in: target.query["fieldSelector"] ?? "")
        let reading = target.bool("watch") ?? false ? "watch" : "list"
        switch (target.resource, request.method) {
        case (.everywhere, "GET"): return .init(verb: reading, namespace: "", name: selected)
        case (.collection(let namespace), "GET"): return .init(verb: reading, namespace: namespace, name: selected)
        case (.collection(let namespace), "POST"): return .init(verb: "create", namespace: namespace)
        case (.watched(let namespace, let name), "GET"):
            return .init(verb: "watch", namespace: namespace, name: name ?? selected)
        // `watch` on a named path is ignored.
        case (.named(let namespace, let name), let method):
            let verbs = ["GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"]
            return verbs[method].map { .init(verb: $0, namespace: namespace, name: name) }
        default: return nil
        }
    }
}
