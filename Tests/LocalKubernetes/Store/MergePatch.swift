import Shared

/// RFC 7396.
enum MergePatch {
    static func apply(_ patch: JSONValue, to target: JSONValue?) -> JSONValue {
        guard let members = patch.object?.uniqueMembers else { return patch }
        var result = target?.object ?? JSONObject()
        for member in members {
            result[member.key] = member.value.isNull ? nil : apply(member.value, to: result[member.key])
        }
        return .object(result)
    }
}
