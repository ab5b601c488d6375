/// Collects what is odd about the elements of one array: each kind of oddity once, with its first place and a count, so
/// that a generated contract with a thousand of them gets one warning.
struct InteractionTally {
    /// `interactions` or `messages`.
    let section: String
    /// The elements so far.
    private(set) var count = 0
    /// Those of `interactions` that are messages by their v4 `type`.
    private(set) var ofMessageType = 0
    /// The first element that is no object, and what it is.
    private(set) var firstOther: (index: Int, kind: String)?
    private(set) var notes: [(text: String, count: Int)] = []
    private var indices: [String: Int] = [:]

    private enum Kind {
        case http
        case message
    }

    init(section: String) {
        self.section = section
    }

    /// Looks at the next element.
    mutating func visit(_ element: JSONValue, at index: Int) {
        count += 1
        guard let interaction = element.object else {
            firstOther = firstOther ?? (index, element.kindName)
            return
        }
        let place = "\(section)[\(index)]"
        switch interaction["description"] {
        case .string: break
        case nil: note("has no `description`", place)
        case let value?: note("has a `description` that should be a string, found \(value.kindName)", place)
        }
        checkStates(interaction, place)
        if interaction["_id"] != nil {
            note("has an `_id` from a broker, which counts as content", place)
        }
        let kind = kind(of: interaction["type"], place)
        guard section == "interactions" else { return }
        if kind == .message {
            ofMessageType += 1
        } else {
            checkPart("request", of: interaction, place)
            checkPart("response", of: interaction, place)
        }
    }

    private mutating func kind(of type: JSONValue?, _ place: String) -> Kind {
        switch type {
        case nil, .string("Synchronous/HTTP"): return .http
        case .string("Asynchronous/Messages"), .string("Synchronous/Messages"): return .message
        default:
            note("has a `type` that Pact 4 does not know", place)
            return .http
        }
    }

    private mutating func checkStates(_ interaction: JSONObject, _ place: String) {
        for key in ["providerState", "provider_state"] {
            guard let value = interaction[key], value.string == nil, !value.isNull else { continue }
            note("has a `\(key)` that should be a string, found \(value.kindName)", place)
        }
        if let value = interaction["providerStates"], value.array == nil, !value.isNull {
            note("has `providerStates` that should be an array, found \(value.kindName)", place)
        }
    }

    private mutating func checkPart(_ key: String, of interaction: JSONObject, _ place: String) {
        switch interaction[key] {
        case .object: break
        case nil: note("has no `\(key)`", place)
        case let value?: note("has a `\(key)` that should be an object, found \(value.kindName)", place)
        }
    }

    private mutating func note(_ oddity: String, _ place: String) {
        if let index = indices[oddity] {
            notes[index].count += 1
        } else {
            indices[oddity] = notes.count
            notes.append(("`\(place)` \(oddity)", 1))
        }
    }
}
