import Shared

/// A ConfigMap as the API gave it, as far as it matters here.
struct ConfigMapObject: Equatable, Sendable {
    var name: String
    var uid: String
    /// Opaque: only compared for equality.
    var resourceVersion: String
    /// `data` and `binaryData` together, ordered by the bytes of the keys.
    var values: [Value] = []
    /// A finalizer holds its deletion up.
    var isBeingDeleted = false
    /// Bytes of the copy that client-side `kubectl apply` keeps in an annotation; 0 without one.
    var lastAppliedBytes = 0

    /// One key.
    struct Value: Equatable, Sendable {
        var key: String
        var content: Content

        enum Content: Equatable, Sendable {
            case bytes([UInt8])
            /// One sentence.
            case unusable(reason: String)
        }
    }

    /// Bytes of all values, as the server counts them against its limit.
    var bytes: Int {
        values.reduce(0) { sum, value in
            if case .bytes(let bytes) = value.content { sum + bytes.count } else { sum }
        }
    }

    /// - Parameter value: The object, of a list too, where it has neither kind nor apiVersion.
    /// - Returns: `nil` if it is no ConfigMap with a name and a version.
    init?(_ value: JSONValue) {
        if let kind = value["kind"]?.string, kind != "ConfigMap" { return nil }
        guard let metadata = value["metadata"], let name = metadata["name"]?.string,
            let resourceVersion = metadata["resourceVersion"]?.string, !resourceVersion.isEmpty
        else { return nil }
        self.name = name
        self.resourceVersion = resourceVersion
        uid = metadata["uid"]?.string ?? ""
        isBeingDeleted = metadata["deletionTimestamp"]?.string != nil
        let applied = metadata["annotations"]?["kubectl.kubernetes.io/last-applied-configuration"]
        lastAppliedBytes = applied?.string?.utf8.count ?? 0
        values = (Self.members(value["data"], Self.text) + Self.members(value["binaryData"], Self.binary))
            .sorted { $0.key.compareBytes(to: $1.key) < 0 }
    }

    private static func members(_ value: JSONValue?, _ content: (JSONValue) -> Value.Content) -> [Value] {
        (value?.object?.uniqueMembers ?? []).map { Value(key: $0.key, content: content($0.value)) }
    }

    private static func text(_ value: JSONValue) -> Value.Content {
        guard let text = value.string else { return .unusable(reason: "the API gave \(value.kindName), not a string") }
        return .bytes(Array(text.utf8))
    }

    private static func binary(_ value: JSONValue) -> Value.Content {
        guard let text = value.string, let bytes = Base64.decode(text.utf8) else {
            return .unusable(reason: "its binaryData is not Base64")
        }
        return .bytes(bytes)
    }
}
