import Shared
import SharedHTTP

@testable import Publisher

/// A Pact Broker as the plan sees it, in memory: immutable versions, all-or-nothing requests, `/latest` by the order in
/// which versions came into being (publishing one again does not move it), as measured on the real one.
struct ModelBroker {
    private(set) var pacts: [PairKey: [Stored]] = [:]
    /// Consumer version numbers with the moment they came into being.
    private var versions: [String: [String: Int]] = [:]
    private var clock = 0

    /// How it takes contracts.
    var way = PublishingWay.batches
    private(set) var labels: [VersionLabel] = []

    // Faults.
    var isDown = false
    /// A proxy before it goes on answering the list without it.
    var isListCached = false
    /// Contents that take the broker down for five seconds: it is killed for want of memory.
    var killers: Set<String> = []
    private var downUntil = MonotonicTime(nanoseconds: 0)
    var isDatabaseDown = false
    var isUnauthorized = false
    var isReadOnly = false
    /// Contents refused with 400.
    var refused: Set<String> = []
    /// Contents answered with 500 although all is well.
    var poison: Set<String> = []
    /// Pacticipants that must be created first.
    var similarNames: Set<String> = []
    /// Answers to the next publications, before anything else.
    var nextPublishAnswers: [BrokerOutcome] = []
    var bulkAnswer: BrokerOutcome?
    /// The next publication is stored, but its answer is lost.
    var losesNextAnswer = false
    /// Contents whose publications do not get through, whatever else is in the request: a proxy's 504, a time-out.
    var unlucky: Set<String> = []
    /// `allow_dangerous_contract_modification`: other content under an existing version is a 200 with a warning.
    var allowsOverwriting = false
    /// Somebody else's content, stored under the same version right after our next publication of the pair: both got
    /// 200, the last writer wins (PostgreSQL).
    var races: [PairKey: String] = [:]
    /// As ``races``, but each time: another manager that overwrites whatever we publish.
    var opponents: [PairKey: String] = [:]
    /// Answers to reads of single versions of a pair, whatever is stored: a proxy that spoils names.
    var singleReadAnswers: [PairKey: BrokerOutcome] = [:]
    /// Its pact-version SHA is not the one that we compute.
    var hasOtherAlgorithm = false
    /// How old the list of pacts is: a caching proxy or a read replica.
    var listLag = Duration.zero
    /// Moves on with the simulation; only ``listLag`` depends on it.
    var time = MonotonicTime(nanoseconds: 0)
    private var lists: [(since: MonotonicTime, pacts: [LatestPact])] = []
    private(set) var labelAnswers: [BrokerOutcome] = []

    struct Stored: Equatable {
        var version: String
        var sha256: String
        var createdAt: String
    }

    /// What `/latest` serves.
    func latest(_ key: PairKey) -> Stored? {
        pacts[key]?.max { (versions[key.consumer]?[$0.version] ?? 0) < (versions[key.consumer]?[$1.version] ?? 0) }
    }

    mutating func wipe() {
        pacts = [:]
        versions = [:]
        noteList()
    }

    mutating func delete(_ key: PairKey) {
        pacts[key] = nil
        noteList()
    }

    /// Somebody else publishes.
    mutating func publishForeign(_ key: PairKey, version: String, sha256: String) {
        store(key, version: version, sha256: sha256)
    }

    /// Somebody overwrites content under a version (possible with allow_dangerous_contract_modification).
    ///
    /// - Parameter movesDate: False: within the same second, or in the database itself.
    mutating func overwrite(_ key: PairKey, sha256: String, movesDate: Bool = true) {
        guard let latest = latest(key), let index = pacts[key]?.firstIndex(of: latest) else { return }
        clock += 1
        pacts[key]?[index].sha256 = sha256
        if movesDate { pacts[key]?[index].createdAt = "t\(clock)" }
        noteList()
    }

    /// Answers to the next labels, before anything else.
    mutating func answerLabels(_ outcomes: BrokerOutcome...) { labelAnswers += outcomes }

    mutating func answer(_ request: BrokerRequest) -> BrokerOutcome {
        if isDown || time < downUntil {
            return .transient(.init(cause: .transport(.refused), text: "refused", retryAfter: nil))
        }
        if isUnauthorized { return .unauthorized("401") }
        switch request {
        case .heartbeat: return .alive
        case .dependencies: return isDatabaseDown ? .databaseDown("database") : .databaseUp
        case .index: return .index(way)
        case .latestPacts:
            if isDatabaseDown, !isListCached { return serverError }
            if let bulkAnswer { return bulkAnswer }
            return .latest(list)
        case .latestPact(let key):
            return singleReadAnswers[key] ?? read(latest(key))
        case .pactVersion(let key, let version):
            return singleReadAnswers[key] ?? read(pacts[key]?.first { $0.version == version })
        case .createPacticipant(let name):
            similarNames.remove(name)
            return .created
        case .label(let label):
            if !labelAnswers.isEmpty { return labelAnswers.removeFirst() }
            if isReadOnly { return .unauthorized("401 for writing") }
            labels.append(label)
            return .created
        case .publish(let batch): return publish(batch)
        }
    }

    private mutating func publish(_ batch: PublicationBatch) -> BrokerOutcome {
        if !nextPublishAnswers.isEmpty { return nextPublishAnswers.removeFirst() }
        if batch.items.contains(where: { killers.contains($0.content.sha256) }) {
            downUntil = time + .seconds(5)
            return .transient(.init(cause: .transport(.disconnected), text: "disconnected", retryAfter: nil))
        }
        if batch.items.contains(where: { unlucky.contains($0.content.sha256) }) {
            return .transient(.init(cause: .http(504), text: "504", retryAfter: nil))
        }
        if isReadOnly { return .unauthorized("401 for writing") }
        if isDatabaseDown { return .brokerError("500", reference: nil) }
        precondition(!batch.items.isEmpty)
        precondition(batch.isSingle == way.isSingle)
        precondition(!way.isSingle || batch.items.count == 1)
        if batch.items.contains(where: { poison.contains($0.content.sha256) }) {
            return .brokerError("500", reference: "abc")
        }
        if batch.items.contains(where: { refused.contains($0.content.sha256) }) {
            return .rejected(status: 400, "refused")
        }
        for name in [batch.consumer] + batch.items.map(\.provider) where similarNames.contains(name) {
            return .similarName("The name \"\(name)\" is very similar to", name: name)
        }
        var notices = PublishNotices(isUnchanged: true)
        for item in batch.items {
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            let stored = pacts[key]?.first { $0.version == batch.version }
            if stored?.sha256 != item.content.sha256 { notices.isUnchanged = false }
            guard let stored, stored.sha256 != item.content.sha256 else { continue }
            guard allowsOverwriting else { return .contentConflict("Cannot change the content", jsonPaths: []) }
            notices.warnings.append("\(item.provider) already published, and the content is different")
        }
        for item in batch.items {
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            store(key, version: batch.version, sha256: item.content.sha256)
            if let other = races.removeValue(forKey: key) ?? opponents[key] {
                store(key, version: batch.version, sha256: other)
            }
        }
        if losesNextAnswer {
            losesNextAnswer = false
            return .transient(.init(cause: .transport(.disconnected), text: "cut", retryAfter: nil))
        }
        return .published(notices)
    }

    private mutating func store(_ key: PairKey, version: String, sha256: String) {
        clock += 1
        if versions[key.consumer]?[version] == nil { versions[key.consumer, default: [:]][version] = clock }
        defer { noteList() }
        let new = Stored(version: version, sha256: sha256, createdAt: "t\(clock)")
        guard let index = pacts[key]?.firstIndex(where: { $0.version == version }) else {
            pacts[key, default: []].append(new)
            return
        }
        // The same content again changes nothing, not even the date.
        if pacts[key]?[index].sha256 != sha256 { pacts[key]?[index] = new }
    }

    private func read(_ stored: Stored?) -> BrokerOutcome {
        guard let stored else { return .absent }
        let sha = hasOtherAlgorithm ? "other-\(stored.sha256)" : stored.sha256
        return .pact(.init(version: stored.version, createdAt: stored.createdAt, sha: sha))
    }

    // MARK: The list of pacts

    private var list: [LatestPact] {
        guard listLag > .zero else { return presentList }
        return lists.last { $0.since <= time - listLag }?.pacts ?? []
    }

    private var presentList: [LatestPact] {
        pacts.keys.compactMap { key in
            latest(key).map { LatestPact(key: key, version: $0.version, createdAt: $0.createdAt) }
        }
    }

    private mutating func noteList() {
        lists.append((time, presentList))
        if lists.count > 200 { lists.removeFirst(100) }
    }

    private var serverError: BrokerOutcome {
        .transient(.init(cause: .http(500), text: "500", retryAfter: nil))
    }
}
