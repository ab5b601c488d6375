internal import Shared

/// What this run's sections say, indexed once so that answering a request is a look-up.
///
/// Built off the event loop and immutable from then on. Sections of other runs count as not yet written.
final class RunSnapshot: Sendable {
    /// The run that counts; `nil` while there is none to go by.
    let run: String?
    let sections: StateSections
    /// In the order of the desired set: consumer, then provider, by bytes.
    let contracts: [ContractView]
    /// Ordered by name, by bytes.
    let providers: [ProviderView]
    let counts: ContractCounts
    /// Names of the providers of which every pair is in the broker, by bytes.
    let publishedProviders: [String]
    /// Encoded documents of this snapshot, made when first asked for.
    let documents = DocumentCache()
    private let exactNames: [[UInt8]: Int]
    private let foldedNames: [String: Int]

    /// A state of which nothing is known yet.
    static let empty = RunSnapshot(
        sections: StateSections(),
        supervisedRun: nil,
        bootID: "",
        readAt: UTCTimestamp(milliseconds: 0)
    )

    /// - Parameters:
    ///   - supervisedRun: `MANAGER_RUN_ID`, or `nil` if this process runs alone: then the run of the processes section
    ///     counts, and without one the run of the source section.
    ///   - bootID: Of this boot of the machine: what a manager of another boot left behind is no run of ours, and its
    ///     monotonic times mean nothing. Only looked at when this process runs alone.
    ///   - readAt: When the sections were read.
    init(sections all: StateSections, supervisedRun: String?, bootID: String, readAt: UTCTimestamp) {
        let isOfThisBoot = all.processes.map { $0.manager.bootID == bootID } ?? true
        let run = supervisedRun ?? (isOfThisBoot ? all.processes?.run ?? all.source?.run : nil)
        self.run = run
        let sections = run.map { all.belonging(to: $0) } ?? StateSections()
        self.sections = sections
        contracts = Self.contracts(of: sections, readAt: readAt)
        counts = ContractCounts(
            contracts: contracts,
            invalidKeys: sections.source?.invalidCount ?? 0,
            invalid: sections.source?.invalid ?? []
        )
        providers = Self.providers(of: contracts)
        publishedProviders = providers.filter { $0.reason == nil }.map(\.name)
        var exact: [[UInt8]: Int] = [:]
        var folded: [String: Int] = [:]
        for (index, provider) in providers.enumerated() {
            exact[Array(provider.name.utf8)] = index
            // Of names that differ only in case the first by bytes answers.
            let name = provider.name.lowercased()
            if folded[name] == nil { folded[name] = index }
        }
        exactNames = exact
        foldedNames = folded
    }

    /// No section of this run was ever seen.
    var isEmpty: Bool { sections == StateSections() }

    /// The provider of that name: exactly by bytes first, then without regard to case.
    func provider(named name: String) -> ProviderView? {
        (exactNames[Array(name.utf8)] ?? foldedNames[name.lowercased()]).map { providers[$0] }
    }

    private static func contracts(of sections: StateSections, readAt: UTCTimestamp) -> [ContractView] {
        guard let source = sections.source else { return [] }
        var published: [PairKey: PublishedPair] = [:]
        for pair in sections.publication?.pairs ?? [] { published[PairKey(pair.consumer, pair.provider)] = pair }
        let provenAt = sections.publication?.verifiedAt.flatMap { UTCTimestamp($0) } ?? readAt
        return source.pairs.map { pair in
            ContractView(
                desired: pair,
                published: published[PairKey(pair.consumer, pair.provider)],
                provenAt: provenAt
            )
        }
    }

    private static func providers(of contracts: [ContractView]) -> [ProviderView] {
        var grouped: [[UInt8]: [ContractView]] = [:]
        for contract in contracts { grouped[Array(contract.desired.provider.utf8), default: []].append(contract) }
        return grouped.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { name, contracts in
                ProviderView(name: String(decoding: name, as: UTF8.self), contracts: contracts)
            }
    }
}

/// Names compared by bytes: Swift's strings take differently composed characters for the same, the broker does not.
private struct PairKey: Hashable {
    let consumer: [UInt8]
    let provider: [UInt8]

    init(_ consumer: String, _ provider: String) {
        self.consumer = Array(consumer.utf8)
        self.provider = Array(provider.utf8)
    }
}
