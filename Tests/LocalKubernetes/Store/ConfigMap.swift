import Shared

/// A ConfigMap as it is stored.
struct ConfigMap: Equatable, Sendable {
    /// Its place in the server.
    struct Key: Hashable, Comparable, Sendable {
        var namespace: String
        var name: String

        static func < (a: Key, b: Key) -> Bool { (a.namespace, a.name) < (b.namespace, b.name) }
    }

    var name: String
    var namespace: String
    var uid = ""
    var resourceVersion = 0
    /// RFC 3339, whole seconds.
    var creationTimestamp = ""
    /// Set while finalizers hold a deletion up.
    var deletionTimestamp: String?
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    var finalizers: [String] = []
    var managedFields = ManagedFields()
    var immutable: Bool?
    var data: [String: String] = [:]
    /// The values in base64.
    var binaryData: [String: String] = [:]

    var key: Key { Key(namespace: namespace, name: name) }

    /// Whether only what the server itself sets differs.
    func hasSameContent(as other: ConfigMap) -> Bool {
        labels == other.labels && annotations == other.annotations && finalizers == other.finalizers
            && immutable == other.immutable && data == other.data && binaryData == other.binaryData
    }

    // MARK: JSON

    /// How an object is written.
    enum Form: Sendable {
        case whole
        /// `PartialObjectMetadata`: without data.
        case metadata

        var kind: JSONValue { self == .whole ? "ConfigMap" : "PartialObjectMetadata" }
        var apiVersion: JSONValue { self == .whole ? "v1" : "meta.k8s.io/v1" }
    }

    /// - Parameter isItem: An element of a list, which names its kind only in the metadata form.
    func json(_ form: Form, isItem: Bool = false) -> JSONValue {
        var object = JSONObject()
        if !isItem || form == .metadata {
            object["kind"] = form.kind
            object["apiVersion"] = form.apiVersion
        }
        object["metadata"] = metadata
        if form == .whole {
            object["immutable"] = immutable.map { .bool($0) }
            if !data.isEmpty { object["data"] = Self.json(data) }
            if !binaryData.isEmpty { object["binaryData"] = Self.json(binaryData) }
        }
        return .object(object)
    }

    private var metadata: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["namespace"] = .string(namespace)
        object["uid"] = .string(uid)
        object["resourceVersion"] = .string(String(resourceVersion))
        object["creationTimestamp"] = .string(creationTimestamp)
        if let deletionTimestamp {
            object["deletionTimestamp"] = .string(deletionTimestamp)
            object["deletionGracePeriodSeconds"] = 0
        }
        if !labels.isEmpty { object["labels"] = Self.json(labels) }
        if !annotations.isEmpty { object["annotations"] = Self.json(annotations) }
        if !finalizers.isEmpty { object["finalizers"] = .array(finalizers.map { .string($0) }) }
        if !managedFields.entries.isEmpty { object["managedFields"] = managedFields.json }
        return .object(object)
    }

    private static func json(_ map: [String: String]) -> JSONValue {
        let sorted = map.sorted { $0.key.compareBytes(to: $1.key) < 0 }
        return .object(JSONObject(sorted.map { JSONObject.Member(key: $0.key, value: .string($0.value)) }))
    }
}

extension ConfigMap {
    /// Takes an object from a request, or from a state file.
    ///
    /// - Throws: ``APIStatus`` 400, as the API says it where a recording shows it.
    init(_ json: JSONValue, namespace: String) throws(APIStatus) {
        guard json.object != nil else { throw .badRequest("the object provided is unrecognized (must be an object)") }
        let metadata = json["metadata"] ?? nil
        name = metadata["name"]?.string ?? ""
        if name.isEmpty, let prefix = metadata["generateName"]?.string {
            let letters = Array("bcdfghjklmnpqrstvwxz2456789")
            name = prefix + String((0..<5).map { _ in letters[Int.random(in: letters.indices)] })
        }
        self.namespace = metadata["namespace"]?.string ?? namespace
        uid = metadata["uid"]?.string ?? ""
        resourceVersion = metadata["resourceVersion"]?.string.flatMap { Int($0) } ?? 0
        creationTimestamp = metadata["creationTimestamp"]?.string ?? ""
        deletionTimestamp = metadata["deletionTimestamp"]?.string
        labels = try Self.texts(metadata["labels"], "ObjectMeta.metadata.labels")
        annotations = try Self.texts(metadata["annotations"], "ObjectMeta.metadata.annotations")
        finalizers = metadata["finalizers"]?.array?.compactMap(\.string) ?? []
        managedFields = ManagedFields(metadata["managedFields"])
        immutable = json["immutable"]?.bool
        data = try Self.texts(json["data"], "ConfigMap.data")
        binaryData = try Self.texts(json["binaryData"], "ConfigMap.binaryData")
        for text in binaryData.values { try Self.checkBase64(text) }
        if self.namespace != namespace {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    private static func texts(_ json: JSONValue?, _ field: String) throws(APIStatus) -> [String: String] {
        guard let object = json?.object else {
            if let json, !json.isNull { throw unmarshal(json, field) }
            return [:]
        }
        var result: [String: String] = [:]
        for member in object.members {
            // null is Go's empty text.
            guard member.value.isNull || member.value.string != nil else { throw unmarshal(member.value, field) }
            result[member.key] = member.value.string ?? ""
        }
        return result
    }

    private static func unmarshal(_ value: JSONValue, _ field: String) -> APIStatus {
        let kind = value.kindName.split(separator: " ").last.map { $0 == "boolean" ? "bool" : String($0) } ?? ""
        let reason = "json: cannot unmarshal \(kind) into Go struct field \(field) of type string"
        return .badRequest("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: \(reason)")
    }

    private static func checkBase64(_ text: String) throws(APIStatus) {
        if Base64.decode(text.utf8.filter { $0 != 10 && $0 != 13 }) != nil { return }
        let isDigit = { (byte: UInt8) in
            byte.isASCIILetterOrDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
        }
        let position = text.utf8.enumerated().first { !isDigit($0.element) }?.offset ?? text.utf8.count
        let reason = "illegal base64 data at input byte \(position)"
        throw .badRequest("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: \(reason)")
    }
}

extension UInt8 {
    /// A to Z, a to z, 0 to 9.
    var isASCIILetterOrDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}
