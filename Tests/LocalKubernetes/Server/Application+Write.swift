import Shared

extension Application {
    /// POST, PUT, PATCH and DELETE: the change, on disk if there is a file, then the answer and the events.
    func write(_ exchange: Exchange, _ wanted: AccessTable.Attributes) throws(APIStatus) {
        var draft = store
        let event: ConfigMapStore.Event?
        let name = wanted.name ?? ""
        let key = ConfigMap.Key(namespace: wanted.namespace, name: name)
        let (manager, time) = (manager(exchange), now)
        switch wanted.verb {
        case "create":
            let map = try ConfigMap(try json(exchange), namespace: wanted.namespace)
            if map.name.isEmpty { throw Self.nameRequired }
            event = try draft.create(map, manager: manager, time: time)
        case "update":
            let map = try ConfigMap(try json(exchange), namespace: wanted.namespace)
            if map.name != name { throw Self.differentName(map.name, name) }
            event = try draft.replace(map, expecting: map.resourceVersion, manager: manager, time: time)
        case "patch": event = try patch(exchange, key, in: &draft, manager: manager, time: time)
        default: event = try draft.delete(key, time: time)
        }
        guard let event else { return respondUnchanged(exchange, key) }
        do {
            try options.stateFile?.save(draft)
        } catch {
            Diagnostics.report("the state cannot be written, nothing was stored: \(error)")
            throw StandardAnswers.status(500)
        }
        store = draft
        if event.kind == .deleted, wanted.verb == "delete" {
            respond(exchange, Self.deleted(event.object))
        } else {
            respond(exchange, event.object.json(exchange.form), status: wanted.verb == "create" ? 201 : 200)
        }
        for watch in openWatches() { watch.deliver(event) }
    }

    private func patch(
        _ exchange: Exchange,
        _ key: ConfigMap.Key,
        in draft: inout ConfigMapStore,
        manager: String,
        time: String
    ) throws(APIStatus) -> ConfigMapStore.Event? {
        let type = (exchange.request.header("content-type") ?? "").split(separator: ";").first.map(String.init) ?? ""
        // For what a ConfigMap is made of both mean the same, but for lists, which only finalizers are.
        guard ["application/merge-patch+json", "application/strategic-merge-patch+json"].contains(type) else {
            let message = "the body of the request was in an unknown format - accepted media types include: "
            let types = "application/merge-patch+json, application/strategic-merge-patch+json"
            throw APIStatus(code: 415, message: message + types, reason: "UnsupportedMediaType")
        }
        guard let old = draft.objects[key] else { throw .notFound(key.name) }
        let patch = try json(exchange)
        let map = try ConfigMap(MergePatch.apply(patch, to: old.json(.whole)), namespace: key.namespace)
        let expected = patch["metadata"]?["resourceVersion"] == nil ? nil : map.resourceVersion
        if map.name != key.name { throw Self.differentName(map.name, key.name) }
        return try draft.replace(map, expecting: expected, manager: manager, time: time)
    }

    private func respondUnchanged(_ exchange: Exchange, _ key: ConfigMap.Key) {
        guard let map = store.objects[key] else { return respond(exchange, .notFound(key.name)) }
        respond(exchange, map.json(exchange.form))
    }

    private func json(_ exchange: Exchange) throws(APIStatus) -> JSONValue {
        do {
            return try JSONReader.parse(exchange.request.body)
        } catch {
            throw .badRequest("the object provided is unrecognized (\(error))")
        }
    }

    /// As the real server names whoever writes: by the parameter, else by the program's name.
    private func manager(_ exchange: Exchange) -> String {
        if let name = exchange.target.query["fieldManager"], !name.isEmpty { return name }
        let name = (exchange.request.header("user-agent") ?? "").prefix { $0 != "/" }
        return name.isEmpty ? "unknown" : String(name)
    }

    /// `2026-11-23T00:29:50Z`.
    private var now: String { "\(WallClock.now().rfc3339.prefix(19))Z" }

    private static let nameRequired = APIStatus.invalid(
        kind: "ConfigMap",
        name: "",
        causes: [
            .init(
                reason: "FieldValueRequired",
                message: "Required value: name or generateName is required",
                field: "metadata.name"
            )
        ]
    )

    private static func differentName(_ inBody: String, _ inPath: String) -> APIStatus {
        .badRequest("the name of the object (\(inBody)) does not match the name on the URL (\(inPath))")
    }

    private static func deleted(_ map: ConfigMap) -> JSONValue {
        [
            "kind": "Status", "apiVersion": "v1", "metadata": .object(JSONObject()), "status": "Success",
            "details": ["name": .string(map.name), "kind": "configmaps", "uid": .string(map.uid)],
        ]
    }
}
