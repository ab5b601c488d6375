extension JSONValue {
    /// The value with each key once and all objects, at every depth, ordered by the UTF-8 bytes of their keys.
    package var sortedByKeys: JSONValue {
        switch self {
        case .array(let elements):
            .array(elements.map(\.sortedByKeys))
        case .object(let object):
            .object(
                JSONObject(object.sortedMembers.map { JSONObject.Member(key: $0.key, value: $0.value.sortedByKeys) })
            )
        default:
            self
        }
    }

    /// The value with each key once, in the order of first writing.
    var withUniqueKeys: JSONValue {
        switch self {
        case .array(let elements):
            .array(elements.map(\.withUniqueKeys))
        case .object(let object):
            .object(
                JSONObject(object.uniqueMembers.map { JSONObject.Member(key: $0.key, value: $0.value.withUniqueKeys) })
            )
        default:
            self
        }
    }
}
