/// The way to a value inside a JSON document.
package struct JSONPath: Equatable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    /// One step down.
    package enum Step: Equatable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case member(String)
        case index(Int)

        package init(stringLiteral value: String) { self = .member(value) }
        package init(integerLiteral value: Int) { self = .index(value) }
    }

    /// From the outside inwards; empty for the document itself.
    package var steps: [Step]

    package init(_ steps: [Step] = []) {
        self.steps = steps
    }

    package init(arrayLiteral elements: Step...) {
        steps = elements
    }

    /// The path one step further.
    package func appending(_ step: Step) -> JSONPath { JSONPath(steps + [step]) }

    /// `interactions[3].request`; keys that are no plain words stand as `["a key"]`.
    package var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .index(let index): text += "[\(index)]"
            case .member(let key) where Self.isPlain(key): text += text.isEmpty ? key : ".\(key)"
            case .member(let key):
                text += "["
                text += String(decoding: JSONWriter.compact(.string(key)), as: UTF8.self)
                text += "]"
            }
        }
        return text
    }

    private static func isPlain(_ key: String) -> Bool {
        !key.isEmpty
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
