import Shared

/// All ConfigMaps, the version of the whole server, and the last events. A value: a copy is a backup.
struct ConfigMapStore: Sendable {
    /// One change.
    struct Event: Sendable {
        enum Kind: String, Sendable {
            case added = "ADDED"
            case modified = "MODIFIED"
            case deleted = "DELETED"
        }

        var kind: Kind
        /// As it is afterwards; of a deletion the last state, with the version of the deletion.
        var object: ConfigMap
        /// As it was before; `nil` for a new one.
        var previous: ConfigMap?

        var version: Int { object.resourceVersion }
    }

    /// Grows with every change, whatever object it is about.
    private(set) var version: Int
    private(set) var objects: [ConfigMap.Key: ConfigMap] = [:]
    /// The newest last.
    private(set) var history: [Event] = []
    /// A list of exactly this version or an older one is 410.
    private(set) var compacted = 0
    /// A watch from an older version is 410.
    private(set) var oldest: Int
    private let capacity: Int

    /// - Parameters:
    ///   - version: That of the server, before the first change.
    ///   - capacity: So many events are kept.
    init(version: Int, capacity: Int) {
        self.version = version
        self.capacity = capacity
        oldest = version
    }

    /// A server that starts on what another one left: it knows no history.
    init(version: Int, capacity: Int, objects: [ConfigMap]) {
        self.init(version: version, capacity: capacity)
        for object in objects { self.objects[object.key] = object }
    }

    /// - Throws: ``APIStatus`` 409 or 422.
    mutating func create(_ map: ConfigMap, manager: String, time: String) throws(APIStatus) -> Event {
        try ConfigMapRules.check(map)
        if objects[map.key] != nil { throw .alreadyExists(map.name) }
        var new = map
        new.uid = UniqueID.make()
        new.creationTimestamp = time
        new.deletionTimestamp = nil
        new.managedFields = ManagedFields()
        new.managedFields.update(from: nil, to: new, manager: manager, time: time)
        return record(.added, new, previous: nil)
    }

    /// - Returns: The event, or `nil` if the object has that content already.
    /// - Throws: ``APIStatus`` 404, 409 or 422.
    mutating func replace(
        _ map: ConfigMap,
        expecting expected: Int?,
        manager: String,
        time: String
    ) throws(APIStatus) -> Event? {
        guard let old = objects[map.key] else { throw .notFound(map.name) }
        if let expected, expected != 0, expected != old.resourceVersion { throw .conflict(map.name) }
        var new = old
        (new.labels, new.annotations, new.finalizers) = (map.labels, map.annotations, map.finalizers)
        (new.immutable, new.data, new.binaryData) = (map.immutable, map.data, map.binaryData)
        try ConfigMapRules.check(new)
        try ConfigMapRules.check(change: old, to: new)
        if new.hasSameContent(as: old) { return nil }
        new.managedFields.update(from: old, to: new, manager: manager, time: time)
        // The last finalizer is gone: so is the object.
        if new.deletionTimestamp != nil, new.finalizers.isEmpty { return record(.deleted, new, previous: old) }
        return record(.modified, new, previous: old)
    }

    /// - Returns: The event, or `nil` if it is already being deleted.
    /// - Throws: ``APIStatus`` 404.
    mutating func delete(_ key: ConfigMap.Key, time: String) throws(APIStatus) -> Event? {
        guard let old = objects[key] else { throw .notFound(key.name) }
        if old.finalizers.isEmpty { return record(.deleted, old, previous: old) }
        if old.deletionTimestamp != nil { return nil }
        var new = old
        new.deletionTimestamp = time
        return record(.modified, new, previous: old)
    }

    private mutating func record(_ kind: Event.Kind, _ object: ConfigMap, previous: ConfigMap?) -> Event {
        version += 1
        var object = object
        object.resourceVersion = version
        objects[object.key] = kind == .deleted ? nil : object
        let event = Event(kind: kind, object: object, previous: previous)
        history.append(event)
        if history.count > capacity {
            history.removeFirst(history.count - capacity)
            oldest = (history.first?.version ?? version + 1) - 1
        }
        return event
    }

    /// The events after `version`, oldest first.
    ///
    /// - Throws: ``APIStatus`` 410.
    func events(after version: Int) throws(APIStatus) -> ArraySlice<Event> {
        if version < oldest { throw .tooOld(version, oldest: oldest) }
        let start = history.firstIndex { $0.version > version } ?? history.endIndex
        return history[start...]
    }

    /// The objects as they were at `version`.
    ///
    /// - Throws: ``APIStatus`` 410.
    func objects(at version: Int) throws(APIStatus) -> [ConfigMap.Key: ConfigMap] {
        if version <= compacted || version < oldest { throw .expiredList }
        return history.reversed().prefix { $0.version > version }
            .reduce(into: objects) { result, event in result[event.object.key] = event.previous }
    }

    // MARK: for tests

    /// Other objects changed: the version grows, and no ConfigMap has an event.
    mutating func advance(to version: Int) {
        self.version = max(self.version, version)
    }

    mutating func compact() { compacted = version }

    /// The server was restarted: what happened until now is not in its cache.
    mutating func forgetHistory() {
        history = []
        oldest = version
    }
}
