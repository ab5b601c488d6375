import Shared

/// RFC 7396.
enum MergePatch {
    static func apply(_ patch: JSONValue, to target: JSONValue?) -> JSONValue {
        guard let members = patch.object?.uniqueMembers else { return patch }
        var result = target?.object ?? JSONObject()
        for member in members {
            // `nil` alone would be the value null here.
            let value = member.value.isNull ? JSONValue?.none : apply(member.value, to: result[member.key])
            result[member.key] = value
        }
        return .object(result)
    }
}
