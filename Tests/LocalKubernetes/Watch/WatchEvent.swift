import Shared

/// The lines of a watch.
enum WatchEvent {
    static func line(_ kind: String, _ map: ConfigMap, _ form: ConfigMap.Form) -> [UInt8] {
        JSONWriter.compact(["type": .string(kind), "object": map.json(form)])
    }

    /// - Parameter endsInitialEvents: The one that says that what existed has been sent.
    static func bookmark(_ version: Int, _ form: ConfigMap.Form, endsInitialEvents: Bool = false) -> [UInt8] {
        var metadata = JSONObject()
        metadata["resourceVersion"] = .string(String(version))
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        let object: JSONValue = ["kind": form.kind, "apiVersion": form.apiVersion, "metadata": .object(metadata)]
        return JSONWriter.compact(["type": "BOOKMARK", "object": object])
    }

    /// What a watch with this selection sees of a change; `nil` for nothing.
    ///
    /// An object that no longer fits the selection looks deleted, with its last fitting content (recording 16).
    static func seen(_ event: ConfigMapStore.Event, by selection: Selection) -> (kind: String, object: ConfigMap)? {
        let fits = event.kind != .deleted && selection.accepts(event.object)
        let didFit = event.previous.map { selection.accepts($0) } ?? false
        switch (didFit, fits) {
        case (true, true): return ("MODIFIED", event.object)
        case (false, true): return ("ADDED", event.object)
        case (false, false): return nil
        case (true, false):
            var last = event.kind == .deleted ? event.object : event.previous ?? event.object
            last.resourceVersion = event.version
            return ("DELETED", last)
        }
    }
}
