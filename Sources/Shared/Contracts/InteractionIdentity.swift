/// What tells one interaction of a pair from another: description, provider states and v4 type.
///
/// The broker's own client takes two interactions with the same description and state for the same one when it merges
/// files. `providerState` (v2), `provider_state` (v1) and `providerStates` (v3 and later) mean the same here.
struct InteractionIdentity: Hashable {
    /// The canonical JSON of all three, which compares by bytes.
    private let bytes: [UInt8]

    init(_ interaction: JSONValue) {
        let type = interaction["type"] ?? "Synchronous/HTTP"
        let description = interaction["description"] ?? .null
        let identity = JSONValue.array([type, description, .array(Self.states(of: interaction))])
        bytes = JSONWriter.compact(identity.sortedByKeys)
    }

    /// The provider states, each as `[name, parameters]`.
    private static func states(of interaction: JSONValue) -> [JSONValue] {
        if let states = interaction["providerStates"]?.array {
            return states.map { state in
                guard state.object != nil else { return .array([state, [:]]) }
                return .array([state["name"] ?? .null, state["params"] ?? [:]])
            }
        }
        for key in ["providerState", "provider_state"] {
            if let state = interaction[key], !state.isNull { return [.array([state, [:]])] }
        }
        return []
    }

    /// The interaction in words, for a message: `"a request" with state "x"`.
    static func words(for interaction: JSONValue) -> String {
        var text = quoted(interaction["description"] ?? .null)
        let names = states(of: interaction).compactMap { $0[0] }.map(quoted)
        if !names.isEmpty { text += " with state " + names.prefix(3).joined(separator: ", ") }
        return text
    }

    private static func quoted(_ value: JSONValue) -> String {
        if value.isNull { return "without a name" }
        let text = value.string.map { "\"\($0)\"" } ?? String(decoding: JSONWriter.compact(value), as: UTF8.self)
        return StateLimits.cut(text, to: 120)
    }
}
