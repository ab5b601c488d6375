import Shared

/// What the broker knows: a value, so that a request works on a copy and either all of it or nothing is kept.
struct BrokerStore: Sendable {
    /// Names the content of a pair by its SHA. The first body with a SHA is kept for ever, for later versions too [12].
    struct ContentKey: Hashable, Sendable, Codable {
        var pair: PairKey
        var sha: String
    }

    /// What a publication changed.
    enum Outcome: Equatable {
        case created
        case unchanged
        case modified
    }

    private(set) var pacticipants = ShardedDictionary<String, Pacticipant>()
    private(set) var pairs = ShardedDictionary<PairKey, Pair>()
    /// Compact JSON objects.
    private(set) var contents = ShardedDictionary<ContentKey, [UInt8]>()
    private var nextPacticipantOrder = 1
    private var namesByWords = ShardedDictionary<[String], [String]>()

    init() {}

    /// A store read back from disk.
    init(pacticipants: [Pacticipant], pairs: [PairKey: Pair], contents: [ContentKey: [UInt8]]) {
        for pacticipant in pacticipants {
            self.pacticipants[pacticipant.name] = pacticipant
            namesByWords[SimilarNames.words(pacticipant.name), default: []].append(pacticipant.name)
            nextPacticipantOrder = max(nextPacticipantOrder, pacticipant.order + 1)
        }
        for (key, pair) in pairs { self.pairs[key] = pair }
        for (key, content) in contents { self.contents[key] = content }
    }

    /// Existing names that `name`, if it is new, is too similar to, in creation order.
    func names(similarTo name: String) -> [String] {
        if pacticipants[name] != nil { return [] }
        let names = namesByWords[SimilarNames.words(name)] ?? []
        return names.sorted { (pacticipants[$0]?.order ?? 0) < (pacticipants[$1]?.order ?? 0) }
    }

    /// - Returns: Whether it was new.
    @discardableResult
    mutating func addPacticipant(_ name: String, at now: BrokerTime) -> Bool {
        if pacticipants[name] != nil { return false }
        pacticipants[name] = Pacticipant(name: name, order: nextPacticipantOrder, createdAt: now)
        namesByWords[SimilarNames.words(name), default: []].append(name)
        nextPacticipantOrder += 1
        return true
    }

    /// Removes it with all its pacts, as consumer and as provider.
    mutating func removePacticipant(_ name: String) {
        pacticipants[name] = nil
        namesByWords[SimilarNames.words(name)]?.removeAll { $0 == name }
        pairs.removeAll { $0.consumer == name || $0.provider == name }
        contents.removeAll { $0.pair.consumer == name || $0.pair.provider == name }
    }

    func version(_ number: String, of name: String) -> ConsumerVersion? { pacticipants[name]?.versions[number] }

    /// Adds the version, and its pacticipant, if they are new.
    ///
    /// - Returns: Whether the version was new.
    @discardableResult
    mutating func addVersion(_ number: String, of name: String, at now: BrokerTime) -> Bool {
        addPacticipant(name, at: now)
        return change(name) { pacticipant in
            if pacticipant.versions[number] != nil { return false }
            let order = pacticipant.nextVersionOrder
            pacticipant.versions[number] = ConsumerVersion(number: number, order: order, createdAt: now)
            pacticipant.nextVersionOrder += 1
            return true
        } ?? false
    }

    /// Removes the version with its pacts.
    mutating func removeVersion(_ number: String, of name: String) {
        change(name) { $0.versions[number] = nil }
        for (key, pair) in pairs where key.consumer == name && pair.publication(number) != nil {
            removePublication(key, version: number)
        }
    }

    /// Notes that a version was written again, and its new build address if there is one.
    mutating func touchVersion(_ number: String, of name: String, buildURL: String?, at now: BrokerTime) {
        changeVersion(number, of: name) { version in
            version.updatedAt = now
            if let buildURL { version.buildURL = buildURL }
        }
    }

    /// Sets the build address of a version just made.
    mutating func setBuildURL(_ buildURL: String, version number: String, of name: String) {
        changeVersion(number, of: name) { $0.buildURL = buildURL }
    }

    /// - Returns: Whether the version was not on that branch yet.
    @discardableResult
    mutating func addBranch(_ branch: String, version number: String, of name: String, at now: BrokerTime) -> Bool {
        var isNew = false
        changeVersion(number, of: name) { version in
            if let index = version.branches.firstIndex(where: { $0.name == branch }) {
                version.branches[index].updatedAt = now
            } else {
                isNew = true
                version.branches.append(.init(name: branch, createdAt: now))
            }
        }
        change(name) { pacticipant in
            // A first branch with one of the usual names becomes the main branch [87].
            if pacticipant.branches.isEmpty, ["develop", "main", "master"].contains(branch) {
                pacticipant.mainBranch = branch
                pacticipant.updatedAt = now
            }
            if let index = pacticipant.branches.firstIndex(where: { $0.name == branch }) {
                pacticipant.branches[index].updatedAt = now
            } else {
                pacticipant.branches.append(.init(name: branch, createdAt: now, updatedAt: now))
            }
        }
        return isNew
    }

    /// - Returns: Whether the version did not have that tag yet.
    @discardableResult
    mutating func addTag(_ tag: String, version number: String, of name: String, at now: BrokerTime) -> Bool {
        var isNew = false
        var becomesBranch = false
        changeVersion(number, of: name) { version in
            isNew = !version.hasTag(tag)
            if isNew { version.tags.append(.init(name: tag, createdAt: now)) }
            // The first tag of a version without a branch, within ten seconds of its creation, becomes the branch [54].
            becomesBranch = version.branches.isEmpty && now.seconds - version.createdAt.seconds <= 10
        }
        if becomesBranch { addBranch(tag, version: number, of: name, at: now) }
        return isNew
    }

    /// - Returns: Whether it was there.
    mutating func removeTag(_ tag: String, version number: String, of name: String) -> Bool {
        var found = false
        changeVersion(number, of: name) { version in
            found = version.hasTag(tag)
            version.tags.removeAll { $0.name == tag }
        }
        return found
    }

    /// Stores content under a version, which is made if it is new. Whether that is allowed is the caller's question.
    mutating func publish(_ document: PactDocument, _ key: PairKey, version: String, at now: BrokerTime) -> Outcome {
        addPacticipant(key.provider, at: now)
        addVersion(version, of: key.consumer, at: now)
        let content = ContentKey(pair: key, sha: document.sha)
        if contents[content] == nil { contents[content] = document.stored }
        let existing = pairs[key]?.publication(version)
        if existing?.sha == document.sha { return .unchanged }
        let order = self.version(version, of: key.consumer)?.order ?? 0
        let publication = Pair.Publication(version: version, order: order, sha: document.sha, createdAt: now)
        pairs[key, default: Pair()].set(publication)
        return existing == nil ? .created : .modified
    }

    /// - Returns: Whether there was one. Its version stays [33].
    @discardableResult
    mutating func removePublication(_ key: PairKey, version: String) -> Bool {
        guard pairs[key]?.publication(version) != nil else { return false }
        pairs[key]?.remove(version: version)
        if pairs[key]?.publications.isEmpty ?? false { pairs[key] = nil }
        return true
    }

    func content(_ key: PairKey, sha: String) -> [UInt8]? { contents[ContentKey(pair: key, sha: sha)] }

    /// The publication of the consumer's latest version, of all or of those with the tag or on the branch.
    func latest(_ key: PairKey, _ selector: PactSelector) -> Pair.Publication? {
        pairs[key]?.publications
            .last { publication in
                switch selector {
                case .overall: true
                case .tag(let tag): version(publication.version, of: key.consumer)?.hasTag(tag) ?? false
                case .branch(let branch): version(publication.version, of: key.consumer)?.isOnBranch(branch) ?? false
                }
            }
    }

    @discardableResult
    private mutating func change<Result>(_ name: String, _ body: (inout Pacticipant) -> Result) -> Result? {
        guard var pacticipant = pacticipants[name] else { return nil }
        // Taken out first, so that its versions are changed in place and not copied.
        pacticipants[name] = nil
        defer { pacticipants[name] = pacticipant }
        return body(&pacticipant)
    }

    private mutating func changeVersion(_ number: String, of name: String, _ body: (inout ConsumerVersion) -> Void) {
        change(name) { pacticipant in
            guard var version = pacticipant.versions[number] else { return }
            body(&version)
            pacticipant.versions[number] = version
        }
    }
}
