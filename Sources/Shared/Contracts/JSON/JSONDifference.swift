/// Where two JSON values differ, for people who have to find out which contract changed.
package enum JSONDifference {
    /// The paths at which `a` and `b` differ, in the order of `a`, at most `limit`.
    ///
    /// Arrays of different lengths differ as a whole once their common part is equal.
    package static func paths(between a: JSONValue, and b: JSONValue, limit: Int) -> [JSONPath] {
        var result: [JSONPath] = []
        collect(a, b, at: JSONPath(), limit: limit, into: &result)
        return result
    }

    private static func collect(
        _ a: JSONValue,
        _ b: JSONValue,
        at path: JSONPath,
        limit: Int,
        into result: inout [JSONPath]
    ) {
        guard result.count < limit, a != b else { return }
        switch (a, b) {
        case (.object(let a), .object(let b)):
            let members = merged(a.sortedMembers, b.sortedMembers)
            for (key, left, right) in members {
                if let left, let right {
                    collect(left, right, at: path.appending(.member(key)), limit: limit, into: &result)
                } else if result.count < limit {
                    result.append(path.appending(.member(key)))
                }
            }
        case (.array(let a), .array(let b)):
            let before = result.count
            for (index, pair) in zip(a, b).enumerated() {
                collect(pair.0, pair.1, at: path.appending(.index(index)), limit: limit, into: &result)
            }
            if result.count == before, result.count < limit { result.append(path) }
        default:
            result.append(path)
        }
    }

    /// Both lists of members, ordered by key, side by side.
    private static func merged(
        _ a: [JSONObject.Member],
        _ b: [JSONObject.Member]
    ) -> [(key: String, JSONValue?, JSONValue?)] {
        var result: [(key: String, JSONValue?, JSONValue?)] = []
        var left = a[...]
        var right = b[...]
        while let first = left.first ?? right.first {
            let other = right.first ?? first
            let order = left.isEmpty ? 1 : right.isEmpty ? -1 : first.key.compareBytes(to: other.key)
            let leftMember = order <= 0 ? left.popFirst() : nil
            let rightMember = order >= 0 ? right.popFirst() : nil
            result.append((leftMember?.key ?? other.key, leftMember?.value, rightMember?.value))
        }
        return result
    }
}
