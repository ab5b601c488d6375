/// All files of a source, sorted into the pairs they belong to, the keys that hold no contract and those passed over.
///
/// Pure: the watcher and `publisher --once` make the desired set from it.
package struct ContractGrouping: Equatable, Sendable {
    /// One (consumer, provider) pair.
    package struct Pair: Equatable, Sendable {
        /// What the state file says about it. In a conflict `sha256` is `nil`, `problem` says why, and counts are 0.
        package var desired: DesiredPair
        /// What to publish; `nil` in a conflict.
        package var content: Contract?
        /// What the files disagree about; empty where there is content.
        package var conflicts: [ContractConflict]
    }

    /// Ordered by consumer, then provider, by UTF-8 bytes.
    package private(set) var pairs: [Pair] = []
    /// Keys that hold no valid contract, ordered by key.
    package private(set) var invalid: [SourceState.InvalidKey] = []
    /// Keys passed over on purpose, ordered by key.
    package private(set) var ignored: [SourceState.IgnoredKey] = []

    /// Sorts files into pairs.
    ///
    /// - Parameter files: Keys (file names, possibly with a prefix up to a `/`) and their contents, in any order. An
    ///   ignored key's content is not looked at.
    package init(_ files: [(key: String, bytes: [UInt8])]) {
        var contracts: [PairKey: [Contract]] = [:]
        for (key, bytes) in files.sorted(by: { $0.key.compareBytes(to: $1.key) < 0 }) {
            if let reason = Self.reasonToIgnore(key) {
                ignored.append(SourceState.IgnoredKey(key: key, reason: reason))
                continue
            }
            do {
                let contract = try Contract.parse(key: key, bytes: bytes)
                contracts[PairKey(contract), default: []].append(contract)
            } catch {
                let reason = StateLimits.cut(error.description)
                invalid.append(
                    SourceState.InvalidKey(key: key, reason: reason, line: error.line, column: error.column)
                )
            }
        }
        pairs = contracts.sorted { $0.key < $1.key }.compactMap { Self.pair($0.value) }
    }

    /// Why a key is passed over, or `nil` if it should hold a contract.
    package static func reasonToIgnore(_ key: String) -> String? {
        let name =
            key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? Substring().utf8
        if name.starts(with: "..".utf8) { return "names that start with .. belong to Kubernetes" }
        if name.suffix(8).elementsEqual(".json.gz".utf8) {
            return "compressed contracts are not read; put the JSON itself under a name that ends in .json"
        }
        if !name.suffix(5).elementsEqual(".json".utf8) { return "the name does not end in .json" }
        return nil
    }

    /// Why a file is not even read.
    package static func tooLarge(_ bytes: Int64, limit: Int) -> String {
        "has \(bytes) bytes, more than the \(mebibytes(limit)) that one file may have; not read"
    }

    private static func pair(_ contracts: [Contract]) -> Pair? {
        switch ContractMerger.merge(contracts) {
        case .single(let contract), .merged(let contract):
            let desired = DesiredPair(
                consumer: contract.consumer,
                provider: contract.provider,
                sha256: contract.sha256,
                bytes: contract.bytes.count,
                files: contract.files,
                specification: contract.specification,
                interactions: contract.interactions,
                messages: contract.messages,
                warnings: contract.warnings.map { StateLimits.cut($0) }
            )
            return Pair(desired: desired, content: contract, conflicts: [])
        case .conflict(let conflicts):
            guard let first = contracts.first else { return nil }
            let rest = conflicts.count > 1 ? " (and \(conflicts.count - 1) more)" : ""
            let reason = StateLimits.cut(conflicts.first?.reason ?? "", to: StateLimits.reasonBytes - rest.utf8.count)
            let desired = DesiredPair(
                consumer: first.consumer,
                provider: first.provider,
                sha256: nil,
                files: contracts.flatMap(\.files),
                problem: reason + rest
            )
            return Pair(desired: desired, content: nil, conflicts: conflicts)
        case nil:
            return nil
        }
    }
}
