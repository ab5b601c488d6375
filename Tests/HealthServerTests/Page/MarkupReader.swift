/// A strict reader of the markup that the page writes: every tag closed in order, every attribute quoted, every
/// reference known. What a browser would mend is an error here.
struct MarkupReader {
    struct Element: Equatable {
        var name: String
        var attributes: [String: String]
    }

    enum Failure: Error, Equatable {
        case malformed(String)
    }

    /// All elements in order.
    private(set) var elements: [Element] = []
    /// What a person reads, and attributes; references replaced. Without style and script.
    private(set) var text = ""
    /// Raw contents of style and script.
    private(set) var raw: [String: String] = [:]

    private static let void: Set<String> = ["meta", "br"]
    private var open: [String] = []

    init(_ html: String) throws {
        var rest = Substring(html)
        guard rest.hasPrefix("<!DOCTYPE html>") else { throw Failure.malformed("no doctype") }
        rest = rest.dropFirst(15)
        while let index = rest.firstIndex(where: { $0 == "<" || $0 == "&" || $0 == ">" }) {
            text += rest[..<index]
            rest = rest[index...]
            switch rest.first {
            case "&": text.append(try Self.reference(&rest))
            case "<": try tag(&rest)
            default: throw Failure.malformed("a bare > before \(rest.prefix(40))")
            }
        }
        text += rest
        text = text.split(separator: " ").joined(separator: " ")
        guard open.isEmpty else { throw Failure.malformed("open at the end: \(open)") }
    }

    private static func reference(_ rest: inout Substring) throws -> Character {
        let known: [(String, Character)] = [
            ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"),
        ]
        guard let found = known.first(where: { rest.hasPrefix($0.0) }) else {
            throw Failure.malformed("a bare & before \(rest.prefix(40))")
        }
        rest = rest.dropFirst(found.0.count)
        return found.1
    }

    private mutating func tag(_ rest: inout Substring) throws {
        guard let end = rest.firstIndex(of: ">") else { throw Failure.malformed("an unclosed tag") }
        var inside = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        if inside.first == "/" {
            guard open.last == String(inside.dropFirst()) else { throw Failure.malformed("</\(inside)> in \(open)") }
            open.removeLast()
            return
        }
        let name = String(inside.prefix { $0 != " " })
        guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            throw Failure.malformed("<\(inside)>")
        }
        inside = inside.dropFirst(name.count)
        elements.append(Element(name: name, attributes: try Self.attributes(inside)))
        text += " "
        if name == "style" || name == "script" {
            let close = "</\(name)>"
            var content = ""
            while !rest.hasPrefix(close) {
                guard let first = rest.popFirst() else { throw Failure.malformed("no \(close)") }
                content.append(first)
            }
            rest = rest.dropFirst(close.count)
            raw[name] = content
        } else if !Self.void.contains(name) {
            open.append(name)
        }
    }

    private static func attributes(_ text: Substring) throws -> [String: String] {
        var rest = text
        var attributes: [String: String] = [:]
        while !rest.isEmpty {
            guard rest.first == " " else { throw Failure.malformed("attributes: \(text)") }
            rest = rest.dropFirst()
            let name = rest.prefix { $0 != "=" && $0 != " " }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, attributes[String(name)] == nil else { throw Failure.malformed("attributes: \(text)") }
            guard rest.first == "=" else {
                attributes[String(name)] = ""
                continue
            }
            rest = rest.dropFirst()
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else {
                throw Failure.malformed("attributes: \(text)")
            }
            attributes[String(name)] = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        }
        return attributes
    }
}
