/// The document that grows while the files of a pair are merged one after the other.
struct DocumentMerge {
    /// One array of the document, with an index of what is in it.
    struct Section {
        private(set) var elements: [JSONValue] = []
        private var places: [InteractionIdentity: [Int]] = [:]
        private var files: [String] = []
        /// Whether any file had the array.
        private(set) var isPresent = false

        var count: Int { elements.count }

        /// Adds the elements of one file.
        ///
        /// Elements of the same file are not compared with each other: a file is taken as it is, as if it were alone.
        mutating func add(_ additions: [JSONValue], file: String, conflicts: inout [ContractConflict]) {
            isPresent = true
            let known = elements.count
            for addition in additions {
                let identity = InteractionIdentity(addition)
                let earlier = places[identity, default: []].filter { $0 < known }
                if earlier.contains(where: { elements[$0] == addition }) { continue }
                if let index = earlier.first {
                    conflicts.append(Self.conflict(elements[index], files[index], addition, file))
                    continue
                }
                places[identity, default: []].append(elements.count)
                elements.append(addition)
                files.append(file)
            }
        }

        private static func conflict(
            _ a: JSONValue,
            _ fileA: String,
            _ b: JSONValue,
            _ fileB: String
        ) -> ContractConflict {
            let paths = JSONDifference.paths(between: a, and: b, limit: 3).map { "`\($0)`" }
            let reason = """
                \(fileA) and \(fileB) both have \(InteractionIdentity.words(for: a)), but differ at \
                \(paths.joined(separator: ", ")); make them equal, or give one another description or provider state
                """
            return ContractConflict(kind: .interaction, files: [fileA, fileB], reason: reason)
        }
    }

    private(set) var interactions = Section()
    private(set) var messages = Section()
    private(set) var conflicts: [ContractConflict] = []
    private(set) var warnings: [String] = []
    /// The first file's document without its interactions and messages.
    private var base: JSONObject?
    private var baseFile = ""
    /// Where `metadata` comes from so far.
    private var metadataFile = ""
    private var namesSpecification = false

    /// How many elements of `interactions` are messages by their v4 `type`.
    var ofMessageType: Int {
        interactions.elements.count { $0["type"]?.string?.hasSuffix("/Messages") == true }
    }

    /// Adds the next file's document.
    mutating func add(_ document: JSONValue, file: String) {
        guard var object = document.object else { return }
        if let additions = document["interactions"]?.array {
            interactions.add(additions, file: file, conflicts: &conflicts)
            object["interactions"] = []
        }
        if let additions = document["messages"]?.array {
            messages.add(additions, file: file, conflicts: &conflicts)
            object["messages"] = []
        }
        let hasVersion = !PactSpecification.version(of: document).isEmpty
        guard var merged = base else {
            base = object
            (baseFile, metadataFile, namesSpecification) = (file, file, hasVersion)
            return
        }
        if let metadata = object["metadata"], merged["metadata"] == nil || (hasVersion && !namesSpecification) {
            merged["metadata"] = metadata
            (metadataFile, namesSpecification) = (file, hasVersion)
            warnings.append("`metadata` is that of \(file), the first file that names a Pact specification or has any")
        }
        base = merged
        warnDifferences(of: object, file: file, from: merged)
    }

    /// The merged document: the first file's members in their order, then what only later files brought.
    var document: JSONValue {
        var object = base ?? JSONObject()
        if interactions.isPresent { object["interactions"] = .array(interactions.elements) }
        if messages.isPresent { object["messages"] = .array(messages.elements) }
        return .object(object)
    }

    private mutating func warnDifferences(of object: JSONObject, file: String, from merged: JSONObject) {
        for member in object.sortedMembers where warnings.count < Contract.maximumWarnings {
            if ["interactions", "messages"].contains(member.key) || member.value == merged[member.key] { continue }
            let used = member.key == "metadata" ? metadataFile : baseFile
            let name = StateLimits.cut(member.key, to: 40)
            warnings.append("`\(name)` of \(file) is not used, because \(used) has another or none")
        }
    }
}
