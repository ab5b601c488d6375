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
    }

    mutating func delete(_ key: PairKey) { pacts[key] = nil }

    /// Somebody else publishes.
    mutating func publishForeign(_ key: PairKey, version: String, sha256: String) {
        store(key, version: version, sha256: sha256)
    }

    /// Somebody overwrites content under a version (possible with allow_dangerous_contract_modification).
    mutating func overwrite(_ key: PairKey, sha256: String) {
        guard let latest = latest(key), let index = pacts[key]?.firstIndex(of: latest) else { return }
        clock += 1
        pacts[key]?[index].sha256 = sha256
        pacts[key]?[index].createdAt = "t\(clock)"
    }

    mutating func answer(_ request: BrokerRequest) -> BrokerOutcome {
        if isDown { return .transient(.init(cause: .transport(.refused), text: "refused", retryAfter: nil)) }
        if isUnauthorized { return .unauthorized("401") }
        switch request {
        case .heartbeat: return .alive
        case .dependencies: return isDatabaseDown ? .databaseDown("database") : .databaseUp
        case .index: return .index(way)
        case .latestPacts:
            if isDatabaseDown { return serverError }
            if let bulkAnswer { return bulkAnswer }
            return .latest(
                pacts.keys.compactMap { key in
                    latest(key).map { LatestPact(key: key, version: $0.version, createdAt: $0.createdAt) }
                }
            )
        case .latestPact(let key):
            return latest(key).map { .pact(.init(version: $0.version, createdAt: $0.createdAt, sha: $0.sha256)) }
                ?? .absent
        case .pactVersion(let key, let version):
            return pacts[key]?.first { $0.version == version }
                .map { .pact(.init(version: $0.version, createdAt: $0.createdAt, sha: $0.sha256)) } ?? .absent
        case .createPacticipant(let name):
            similarNames.remove(name)
            return .created
        case .label(let label):
            labels.append(label)
            return .created
        case .publish(let batch): return publish(batch)
        }
    }

    private mutating func publish(_ batch: PublicationBatch) -> BrokerOutcome {
        if !nextPublishAnswers.isEmpty { return nextPublishAnswers.removeFirst() }
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
        for item in batch.items {
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            if let stored = pacts[key]?.first(where: { $0.version == batch.version }),
                stored.sha256 != item.content.sha256
            {
                return .contentConflict("Cannot change the content", jsonPaths: [])
            }
        }
        for item in batch.items {
            let key = PairKey(consumer: batch.consumer, provider: item.provider)
            store(key, version: batch.version, sha256: item.content.sha256)
        }
        if losesNextAnswer {
            losesNextAnswer = false
            return .transient(.init(cause: .transport(.disconnected), text: "cut", retryAfter: nil))
        }
        return .published(PublishNotices())
    }

    private mutating func store(_ key: PairKey, version: String, sha256: String) {
        clock += 1
        if versions[key.consumer]?[version] == nil { versions[key.consumer, default: [:]][version] = clock }
        if pacts[key]?.contains(where: { $0.version == version }) == true { return }
        pacts[key, default: []].append(.init(version: version, sha256: sha256, createdAt: "t\(clock)"))
    }

    private var serverError: BrokerOutcome {
        .transient(.init(cause: .http(500), text: "500", retryAfter: nil))
    }
}
