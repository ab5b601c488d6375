import Shared

extension Application {
    func get(_ exchange: Exchange) throws(APIStatus) {
        guard case .named(let namespace, let name) = exchange.target.resource else { throw .methodNotAllowed }
        if try isFuture(exchange) { return }
        guard let map = store.objects[ConfigMap.Key(namespace: namespace, name: name)] else { throw .notFound(name) }
        respond(exchange, map.json(exchange.form))
    }

    func list(_ exchange: Exchange) throws(APIStatus) {
        let selection = try selection(exchange)
        if try isFuture(exchange) { return }
        var version = store.version
        var objects = store.objects
        if exchange.target.query["resourceVersionMatch"] == "Exact",
            let exact = try WatchOptions.version(exchange.target)
        {
            objects = try store.objects(at: exact)
            version = exact
        }
        let items = objects.values.filter { selection.accepts($0) }.sorted { $0.key < $1.key }
        let form = exchange.form
        respond(
            exchange,
            [
                "kind": form == .whole ? "ConfigMapList" : "PartialObjectMetadataList",
                "apiVersion": form.apiVersion,
                "metadata": ["resourceVersion": .string(String(version))],
                "items": .array(items.map { $0.json(form, isItem: true) }),
            ]
        )
    }

    func selection(_ exchange: Exchange) throws(APIStatus) -> Selection {
        let query = exchange.target.query
        var fields = query["fieldSelector"] ?? ""
        var namespace = exchange.wanted?.namespace
        if namespace == "" { namespace = nil }
        if case .watched(_, let name?) = exchange.target.resource { fields = "metadata.name=\(name)" }
        return try Selection(namespace: namespace, fieldSelector: fields, labelSelector: query["labelSelector"] ?? "")
    }

    /// Whether a read asks for a version that is not reached yet; then it has been dealt with.
    private func isFuture(_ exchange: Exchange) throws(APIStatus) -> Bool {
        guard let version = try WatchOptions.version(exchange.target), version > store.version else { return false }
        after(options.tooLargeDelay) { [self] in
            if version > store.version { return respond(exchange, .tooLarge(version, current: store.version)) }
            do throws(APIStatus) {
                if exchange.wanted?.verb == "get" { try get(exchange) } else { try list(exchange) }
            } catch {
                respond(exchange, error)
            }
        }
        return true
    }
}
