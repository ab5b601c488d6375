/// Checks a parsed document against what identity, merging and the broker need; everything else is only warned about.
struct ContractValidation {
    /// How deep a document must be built for these checks: document, `interactions`, one interaction.
    static let depth = 3

    private let bytes: [UInt8]
    private var notes: [(text: String, count: Int)] = []

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// One sentence each, repeated ones once with their number.
    var warnings: [String] {
        notes.prefix(Contract.maximumWarnings).map { note in
            note.count == 1 ? note.text : "\(note.text) (and \(note.count - 1) more like it)"
        }
    }

    mutating func warn(_ text: String) {
        if notes.count < Contract.maximumWarnings { notes.append((text, 1)) }
    }

    /// Checks everything and says what the contract is.
    mutating func check(_ document: JSONValue) throws(ContractError) -> ContractOutline {
        guard let object = document.object else {
            throw error("a contract must be a JSON object, found \(document.kindName)", at: [])
        }
        let interactions = try elements("interactions", of: document)
        let messages = try elements("messages", of: document)
        let consumer = try name(of: "consumer", in: document)
        let provider = try name(of: "provider", in: document)
        guard interactions != nil || messages != nil else {
            throw error("no `interactions` and no `messages`: not a Pact contract; \(Self.found(object))", at: [])
        }
        let ofMessageType = try check(interactions ?? [], in: "interactions")
        _ = try check(messages ?? [], in: "messages")
        if (interactions ?? []).isEmpty && (messages ?? []).isEmpty {
            warn("has no interaction: it is published, but checks nothing")
        }
        checkTopLevel(document)
        return ContractOutline(
            consumer: consumer,
            provider: provider,
            interactions: (interactions?.count ?? 0) - ofMessageType,
            messages: (messages?.count ?? 0) + ofMessageType
        )
    }

    // MARK: - Names

    private mutating func name(of role: String, in document: JSONValue) throws(ContractError) -> String {
        let path = JSONPath([.member(role), .member("name")])
        let example = "write \"\(role)\": {\"name\": \"…\"}"
        guard let party = document[role] else {
            let hint = document.object.map(Self.found) ?? ""
            throw error("`\(role)` is missing; \(example); \(hint)", at: [])
        }
        guard party.object != nil else {
            throw error("`\(role)` must be an object, found \(party.kindName); \(example)", at: [.member(role)])
        }
        guard let value = party["name"] else {
            throw error("`\(role).name` is missing; \(example)", at: [.member(role)])
        }
        guard let name = value.string else {
            throw error("`\(role).name` must be a string, found \(value.kindName)", at: path)
        }
        guard !name.allSatisfy(\.isWhitespace) else {
            throw error("`\(role).name` is \(name.isEmpty ? "empty" : "blank"); write the application's name", at: path)
        }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            // 422 in the path of every later request, 500 for NUL (FACTS-broker.md §2).
            throw error("`\(role).name` contains a control character, which the broker cannot serve", at: path)
        }
        if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
            warn("`\(role).name` starts or ends with white space, which counts as part of the name")
        }
        if name == "." || name == ".." { warn("`\(role).name` is \"\(name)\", which many clients drop from URLs") }
        return name
    }

    // MARK: - Interactions and messages

    /// The array with that name; `nil` where there is none.
    private mutating func elements(_ key: String, of document: JSONValue) throws(ContractError) -> [JSONValue]? {
        guard let value = document[key] else { return nil }
        if value.isNull {
            warn("`\(key)` is null and counts as absent")
            return nil
        }
        guard let elements = value.array else {
            throw error("`\(key)` must be an array, found \(value.kindName)", at: [.member(key)])
        }
        return elements
    }

    /// Checks the elements of one array.
    ///
    /// - Returns: How many of them are messages by their v4 `type`.
    private mutating func check(_ elements: [JSONValue], in section: String) throws(ContractError) -> Int {
        var ofMessageType = 0
        var tally = InteractionTally()
        for (index, element) in elements.enumerated() {
            guard let interaction = element.object else {
                let message = "`\(section)[\(index)]` must be an object, found \(element.kindName)"
                throw error(message, at: [.member(section), .index(index)])
            }
            let kind = tally.check(interaction, at: "\(section)[\(index)]", isMessage: section == "messages")
            if kind == .message { ofMessageType += 1 }
        }
        for note in tally.notes where notes.count < Contract.maximumWarnings { notes.append(note) }
        return ofMessageType
    }

    // MARK: - The rest

    private mutating func checkTopLevel(_ document: JSONValue) {
        if let metadata = document["metadata"], metadata.object == nil, !metadata.isNull {
            warn("`metadata` should be an object, found \(metadata.kindName)")
        }
        let version = PactSpecification.version(of: document)
        if !version.isEmpty, !(1...4).contains(PactSpecification.major(of: version) ?? 0) {
            warn("the Pact specification version \"\(StateLimits.cut(version, to: 40))\" is not one of 1 to 4")
        }
        if document["_links"] != nil || document["createdAt"] != nil {
            warn("looks like a copy from a broker (`_links` or `createdAt`); better use the file the tests wrote")
        }
    }

    private func error(_ message: String, at path: JSONPath) -> ContractError {
        ContractError(message, at: JSONLocator.position(of: path, in: bytes))
    }

    /// What the document has instead, so that a mistyped name or another kind of file is seen at once.
    private static func found(_ object: JSONObject) -> String {
        let keys = object.members.prefix(6).map { "`\(StateLimits.cut($0.key, to: 40))`" }
        if keys.isEmpty { return "the object is empty" }
        let rest = object.members.count > keys.count ? " and more" : ""
        return "found " + keys.joined(separator: ", ") + rest
    }
}
