import Shared

/// Which manager set which fields, as `metadata.managedFields` tells it. Only updates, no server-side apply.
struct ManagedFields: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        var manager: String
        /// RFC 3339, whole seconds.
        var time: String
        /// For example `["f:data", "f:key"]`.
        var fields: Set<[String]>
    }

    private(set) var entries: [Entry] = []

    init() {}

    /// Notes that `manager` turned one object into another (`nil`: there was none).
    mutating func update(from old: ConfigMap?, to new: ConfigMap, manager: String, time: String) {
        let before = old.map(Self.values) ?? [:]
        let after = Self.values(new)
        let changed = Set(after.filter { before[$0.key] != $0.value }.keys)
        let gone = Set(before.keys).subtracting(after.keys)
        if changed.isEmpty, gone.isEmpty { return }
        for index in entries.indices { entries[index].fields.subtract(changed.union(gone)) }
        if !changed.isEmpty {
            if let index = entries.firstIndex(where: { $0.manager == manager }) {
                entries[index].fields.formUnion(changed)
                entries[index].time = time
            } else {
                entries.append(Entry(manager: manager, time: time, fields: changed))
            }
        }
        entries.removeAll { $0.fields.isEmpty }
        let sorted = entries.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        entries = sorted.map(\.element)
    }

    /// The fields of an object that a manager can own, with something that differs when the value does.
    private static func values(_ map: ConfigMap) -> [[String]: String] {
        var result: [[String]: String] = [:]
        func add(_ path: [String], _ values: [String: String]?) {
            guard let values else { return }
            // The map is a field of its own, besides its entries.
            result[path] = ""
            for (key, value) in values { result[path + ["f:\(key)"]] = value }
        }
        add(["f:data"], map.data.isEmpty ? nil : map.data)
        add(["f:binaryData"], map.binaryData.isEmpty ? nil : map.binaryData)
        add(["f:metadata", "f:labels"], map.labels.isEmpty ? nil : map.labels)
        add(["f:metadata", "f:annotations"], map.annotations.isEmpty ? nil : map.annotations)
        if !map.finalizers.isEmpty {
            result[["f:metadata", "f:finalizers"]] = ""
            for name in map.finalizers { result[["f:metadata", "f:finalizers", "v:\"\(name)\""]] = "" }
        }
        if let immutable = map.immutable { result[["f:immutable"]] = String(immutable) }
        return result
    }

    // MARK: JSON

    var json: JSONValue {
        .array(
            entries.map { entry in
                [
                    "manager": .string(entry.manager), "operation": "Update", "apiVersion": "v1",
                    "time": .string(entry.time), "fieldsType": "FieldsV1",
                    "fieldsV1": Self.tree(entry.fields.map { $0[...] }),
                ]
            }
        )
    }

    init(_ json: JSONValue?) {
        entries = (json?.array ?? [])
            .map { entry in
                Entry(
                    manager: entry["manager"]?.string ?? "",
                    time: entry["time"]?.string ?? "",
                    fields: Self.paths(entry["fieldsV1"] ?? nil)
                )
            }
    }

    private static func tree(_ paths: [ArraySlice<String>]) -> JSONValue {
        let isField = paths.contains { $0.isEmpty }
        let children = Dictionary(grouping: paths.filter { !$0.isEmpty }, by: { $0[$0.startIndex] })
        var members = children.sorted { $0.key.compareBytes(to: $1.key) < 0 }
            .map { JSONObject.Member(key: $0.key, value: tree($0.value.map { $0.dropFirst() })) }
        if isField, !members.isEmpty { members.insert(.init(key: ".", value: .object(JSONObject())), at: 0) }
        return .object(JSONObject(members))
    }

    private static func paths(_ tree: JSONValue, below: [String] = []) -> Set<[String]> {
        let members = tree.object?.members ?? []
        if members.isEmpty { return below.isEmpty ? [] : [below] }
        return members.reduce(into: []) { result, member in
            if member.key == "." {
                result.insert(below)
            } else {
                result.formUnion(paths(member.value, below: below + [member.key]))
            }
        }
    }
}
