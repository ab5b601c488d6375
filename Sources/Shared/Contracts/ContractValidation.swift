/// Checks a document, as it is read, against what identity, merging and the broker need; everything else is only warned
/// about.
struct ContractValidation: JSONOutlineVisitor {
    /// How deep members must be built for these checks: document, `metadata`, `pactSpecification`.
    static let depth = 3

    private let bytes: [UInt8]
    private var notes: [(text: String, count: Int)] = []
    /// The members that say what the contract is; the arrays in it are empty stand-ins.
    private var members = JSONObject()
    private var tallies: [String: InteractionTally] = [:]
    /// The first few keys of the document and how many there are, for messages.
    private var firstKeys: [String] = []
    private var keyCount = 0
    private var isBrokerCopy = false

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// One sentence each, repeated ones once with their number.
    var warnings: [String] {
        notes.prefix(Contract.maximumWarnings)
            .map { note in
                note.count == 1 ? note.text : "\(note.text) (and \(note.count - 1) more like it)"
            }
    }

    mutating func warn(_ text: String) {
        if notes.count < Contract.maximumWarnings { notes.append((text, 1)) }
    }

    // MARK: - While it is read

    mutating func treatment(of key: String) -> JSONOutlineTreatment {
        keyCount += 1
        if firstKeys.count < 6 { firstKeys.append("`\(StateLimits.cut(key, to: 40))`") }
        switch key {
        case "consumer", "provider", "metadata": return .keep
        case "interactions", "messages":
            // Of duplicate members the last counts: begin anew.
            tallies[key] = InteractionTally(section: key)
            return .visitElements
        case "_links", "createdAt":
            isBrokerCopy = true
            return .skip
        default: return .skip
        }
    }

    mutating func keep(_ value: JSONValue, of key: String) {
        members[key] = value
    }

    mutating func visit(_ element: JSONValue, at index: Int, of key: String) {
        tallies[key]?.visit(element, at: index)
    }

    // MARK: - At its end

    /// Checks everything and says what the contract is.
    ///
    /// - Parameter otherValue: The document if it is not an object.
    mutating func check(otherValue: JSONValue?) throws(ContractError) -> ContractOutline {
        if let otherValue {
            throw error("a contract must be a JSON object, found \(otherValue.kindName)", at: [])
        }
        let interactions = try tally("interactions")
        let messages = try tally("messages")
        let consumer = try name(of: "consumer")
        let provider = try name(of: "provider")
        guard interactions != nil || messages != nil else {
            throw error("no `interactions` and no `messages`: not a Pact contract; \(foundKeys)", at: [])
        }
        for tally in [interactions, messages] {
            if let tally, let (index, kind) = tally.firstOther {
                let path = JSONPath([.member(tally.section), .index(index)])
                throw error("`\(path)` must be an object, found \(kind)", at: path)
            }
            notes += (tally?.notes ?? []).prefix(Contract.maximumWarnings - notes.count)
        }
        let ofMessageType = interactions?.ofMessageType ?? 0
        let outline = ContractOutline(
            consumer: consumer,
            provider: provider,
            specification: PactSpecification.version(of: .object(members)),
            interactions: (interactions?.count ?? 0) - ofMessageType,
            messages: (messages?.count ?? 0) + ofMessageType
        )
        checkTheRest(outline)
        return outline
    }

    private mutating func name(of role: String) throws(ContractError) -> String {
        let path = JSONPath([.member(role), .member("name")])
        let example = "write \"\(role)\": {\"name\": \"…\"}"
        guard let party = members[role] else {
            throw error("`\(role)` is missing; \(example); \(foundKeys)", at: [])
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
            // 422 in the path of every later request, 500 for NUL (Tests/Fixtures/broker, 23 and A2).
            throw error("`\(role).name` contains a control character, which the broker cannot serve", at: path)
        }
        if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
            warn("`\(role).name` starts or ends with white space, which counts as part of the name")
        }
        if name == "." || name == ".." { warn("`\(role).name` is \"\(name)\", which many clients drop from URLs") }
        return name
    }

    /// What was seen of that array; `nil` where there is none.
    private mutating func tally(_ key: String) throws(ContractError) -> InteractionTally? {
        guard let value = members[key] else { return nil }
        if value.isNull {
            warn("`\(key)` is null and counts as absent")
            return nil
        }
        guard value.array != nil else {
            throw error("`\(key)` must be an array, found \(value.kindName)", at: [.member(key)])
        }
        return tallies[key]
    }

    private mutating func checkTheRest(_ outline: ContractOutline) {
        if outline.interactions + outline.messages == 0 {
            warn("has no interaction: it is published, but checks nothing")
        }
        if let metadata = members["metadata"], metadata.object == nil, !metadata.isNull {
            warn("`metadata` should be an object, found \(metadata.kindName)")
        }
        let version = outline.specification
        if !version.isEmpty, !(1...4).contains(PactSpecification.major(of: version) ?? 0) {
            warn("the Pact specification version \"\(StateLimits.cut(version, to: 40))\" is not one of 1 to 4")
        }
        if isBrokerCopy {
            warn("looks like a copy from a broker (`_links` or `createdAt`); better use the file the tests wrote")
        }
    }

    /// What the document has instead, so that a mistyped name or another kind of file is seen at once.
    private var foundKeys: String {
        if firstKeys.isEmpty { return "the object is empty" }
        return "found " + firstKeys.joined(separator: ", ") + (keyCount > firstKeys.count ? " and more" : "")
    }

    private func error(_ message: String, at path: JSONPath) -> ContractError {
        ContractError(message, at: JSONLocator.position(of: path, in: bytes))
    }
}
