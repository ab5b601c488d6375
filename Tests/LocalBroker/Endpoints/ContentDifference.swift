import Shared

/// The text of the `info` notice beside a content conflict: what differs, with the way to it [57].
///
/// Like the broker's: only what differs, `-` before what is stored, `+` before what was sent, both with their way.
/// The layout of the ways in arrays of different lengths is ours.
enum ContentDifference {
    static func text(from old: [UInt8], to new: [UInt8]) -> String {
        let options = JSONReader.Options(allowsComments: true)
        guard let old = try? JSONReader.parse(old, options: options).withoutIdentifiers,
            let new = try? JSONReader.parse(new, options: options).withoutIdentifiers
        else { return "" }
        var lines: [String] = []
        append(old, new, key: nil, depth: 0, to: &lines)
        // The outermost braces are left out.
        return lines.dropFirst().dropLast().joined(separator: "\n")
    }

    private static func append(_ old: JSONValue, _ new: JSONValue, key: String?, depth: Int, to lines: inout [String]) {
        let indentation = String(repeating: "  ", count: depth)
        let name = key.map { "\(quoted($0)): " } ?? ""
        switch (old, new) {
        case (.object(let left), .object(let right)):
            lines.append(" \(indentation)\(name){")
            let keys = left.uniqueMembers.map(\.key) + right.uniqueMembers.map(\.key).filter { left[$0] == nil }
            for key in keys where left[key] != right[key] {
                if let a = left[key], let b = right[key] {
                    append(a, b, key: key, depth: depth + 1, to: &lines)
                } else {
                    if let a = left[key] { lines += whole("-", a, key: key, depth: depth + 1) }
                    if let b = right[key] { lines += whole("+", b, key: key, depth: depth + 1) }
                }
            }
            lines.append(" \(indentation)}")
        case (.array(let left), .array(let right)):
            lines.append(" \(indentation)\(name)[")
            for index in 0..<max(left.count, right.count) {
                let a: JSONValue? = index < left.count ? left[index] : nil
                let b: JSONValue? = index < right.count ? right[index] : nil
                if let a, let b, a != b { append(a, b, key: nil, depth: depth + 1, to: &lines) }
                if let a, b == nil { lines += whole("-", a, key: nil, depth: depth + 1) }
                if let b, a == nil { lines += whole("+", b, key: nil, depth: depth + 1) }
            }
            lines.append(" \(indentation)]")
        default:
            lines += whole("-", old, key: key, depth: depth) + whole("+", new, key: key, depth: depth)
        }
    }

    private static func whole(_ sign: String, _ value: JSONValue, key: String?, depth: Int) -> [String] {
        let name = key.map { "\(quoted($0)): " } ?? ""
        let text = String(decoding: JSONWriter.compact(value), as: UTF8.self)
        return ["\(sign)\(String(repeating: "  ", count: depth))\(name)\(text)"]
    }

    private static func quoted(_ key: String) -> String {
        String(decoding: JSONWriter.compact(.string(key)), as: UTF8.self)
    }
}

extension JSONValue {
    /// Without the `_id` that the broker adds to interactions and messages.
    fileprivate var withoutIdentifiers: JSONValue {
        guard var object else { return self }
        for key in ["interactions", "messages"] {
            guard let elements = object[key]?.array else { continue }
            object[key] = .array(
                elements.map { element in
                    guard var interaction = element.object else { return element }
                    interaction["_id"] = nil
                    return .object(interaction)
                }
            )
        }
        return .object(object)
    }
}
