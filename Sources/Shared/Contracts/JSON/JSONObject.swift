/// A JSON object: its members in the order they were written, duplicates included.
///
/// Keys are compared by their UTF-8 bytes. Swift's `==` for strings would take `é` and `e` + combining accent for one
/// key; the broker does not.
package struct JSONObject: Sendable {
    /// A key with its value.
    package struct Member: Sendable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// All members, in writing order, duplicates included.
    package var members: [Member]

    package init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of the last member with that key; setting replaces it there, or appends a member, or (`nil`) removes
    /// all with that key.
    package subscript(key: String) -> JSONValue? {
        get { members.last { $0.key.hasSameBytes(as: key) }?.value }
        set {
            guard let newValue else {
                members.removeAll { $0.key.hasSameBytes(as: key) }
                return
            }
            if let index = members.lastIndex(where: { $0.key.hasSameBytes(as: key) }) {
                members[index].value = newValue
            } else {
                members.append(Member(key: key, value: newValue))
            }
        }
    }

    /// Each key once, ordered by the bytes of the keys, with the last value written for it.
    package var sortedMembers: [Member] {
        let order = members.indices.sorted { a, b in
            switch members[a].key.compareBytes(to: members[b].key) {
            case ..<0: true
            case 0: a < b
            default: false
            }
        }
        var result: [Member] = []
        result.reserveCapacity(members.count)
        for index in order {
            if let last = result.last, last.key.hasSameBytes(as: members[index].key) { result.removeLast() }
            result.append(members[index])
        }
        return result
    }

    /// Each key once, in the order of first writing, with the last value written for it, as Ruby's hashes do it.
    package var uniqueMembers: [Member] {
        let sorted = sortedMembers
        if sorted.count == members.count { return members }
        var first: [[UInt8]: Int] = [:]
        var result: [Member] = []
        for member in members {
            let key = Array(member.key.utf8)
            if let index = first[key] {
                result[index].value = member.value
            } else {
                first[key] = result.count
                result.append(member)
            }
        }
        return result
    }
}

extension JSONObject: Equatable {
    /// Whether both have the same keys with the same values, in whatever order, the last of duplicates counting.
    package static func == (a: JSONObject, b: JSONObject) -> Bool {
        let sameLayout =
            a.members.count == b.members.count
            && zip(a.members, b.members).allSatisfy { $0.key.hasSameBytes(as: $1.key) }
        // Without duplicates the same layout can be compared in place; this is nearly every comparison.
        if sameLayout, zip(a.members, b.members).allSatisfy({ $0.value == $1.value }) { return true }
        let left = a.sortedMembers
        let right = b.sortedMembers
        return left.count == right.count
            && zip(left, right).allSatisfy { $0.key.hasSameBytes(as: $1.key) && $0.value == $1.value }
    }
}

extension String {
    /// Whether both have the same UTF-8 bytes; `==` would also accept canonically equivalent characters.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Negative, zero or positive as the UTF-8 bytes stand before, equal to or after those of `other`.
    package func compareBytes(to other: String) -> Int {
        if hasSameBytes(as: other) { return 0 }
        return utf8.lexicographicallyPrecedes(other.utf8) ? -1 : 1
    }
}
