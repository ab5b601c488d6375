import Shared

/// Makes the desired set from what a source holds and what was desired before: pure.
///
/// A pair keeps its last good content, with a `problem`, as long as a file that was part of it is there but invalid, or
/// its files are in conflict: one bad edit takes no contract away from anybody. It leaves the set when none of its files
/// is there any more.
enum DesiredSetBuilder {
    /// Bytes that a participant's name may have; longer ones could fill the section.
    static let maximumNameBytes = 512
    /// Bytes that all problems and warnings of a set may have; beyond, they are cut.
    static let maximumTextBytes = 512 << 10

    /// - Parameter previous: The pairs of this run's last desired set.
    static func build(_ content: SourceContent, previous: [DesiredPair]) -> DesiredSet {
        var set = DesiredSet()
        var files: [(key: String, bytes: [UInt8])] = []
        for entry in content.entries {
            switch entry.content {
            case .bytes(let bytes): files.append((entry.key, bytes))
            case .unusable(let reason):
                set.invalid.append(SourceState.InvalidKey(key: entry.key, reason: StateLimits.cut(reason)))
            }
        }
        let grouping = ContractGrouping(files)
        let groups = Dictionary(content.entries.compactMap { entry in entry.group.map { (entry.key, $0) } }) { a, _ in a
        }
        set.invalid += grouping.invalid
        var fresh: [PairKey: ContractGrouping.Pair] = [:]
        for pair in grouping.pairs {
            if let refused = refusedForNames(pair.desired) {
                set.invalid += refused
            } else {
                fresh[PairKey(pair.desired)] = inOneGroup(pair, groups)
            }
        }
        set.invalid.sort { $0.key.compareBytes(to: $1.key) < 0 }
        set.ignored = Array((content.ignored + grouping.ignored).prefix(StateLimits.ignoredKeys))
        set.ignoredCount = content.ignoredCount + grouping.ignored.count
        set.unlistedCount = content.unlistedCount
        set.keys = content.entries.count + content.unlistedCount
        set.bytes = content.bytes
        for (identity, pair) in merge(fresh, previous: previous, invalid: set.invalid).sorted(by: { $0.key < $1.key }) {
            set.pairs.append(pair)
            if let content = fresh[identity]?.content, content.sha256 == pair.sha256 {
                set.contents[content.sha256] = content.bytes
            }
        }
        limitTexts(&set.pairs)
        return set
    }

    private static func merge(
        _ fresh: [PairKey: ContractGrouping.Pair],
        previous: [DesiredPair],
        invalid: [SourceState.InvalidKey]
    ) -> [PairKey: DesiredPair] {
        var reasons: [String: String] = [:]
        for key in invalid where reasons[key.key] == nil { reasons[key.key] = key.reason }
        var pairs = fresh.mapValues { pair in
            var desired = pair.desired
            desired.specification = StateLimits.cut(desired.specification, to: 64)
            return desired
        }
        for last in previous where last.sha256 != nil {
            let identity = PairKey(last)
            let broken = last.files.compactMap { brokenNow($0, reasons) }
            if let first = broken.first {
                let rest = broken.count > 1 ? " (and \(broken.count - 1) more files)" : ""
                pairs[identity] = keeping(last, "\(first): \(reasons[first] ?? "")\(rest)")
            } else if let now = pairs[identity], now.sha256 == nil {
                pairs[identity] = keeping(last, now.problem)
            }
        }
        return pairs
    }

    /// The invalid key that a file is now. When several ConfigMaps take the place of their mounted directory, `a.json` comes
    /// back as `name/a.json`.
    private static func brokenNow(_ file: String, _ reasons: [String: String]) -> String? {
        if reasons[file] != nil { return file }
        guard !file.utf8.contains(UInt8(ascii: "/")) else { return nil }
        return reasons.keys.filter { $0.hasSuffix("/\(file)") }.min()
    }

    private static func keeping(_ last: DesiredPair, _ problem: String?) -> DesiredPair {
        var pair = last
        pair.problem = problem.map { StateLimits.cut($0) }
        return pair
    }

    /// A pair whose files are in several ConfigMaps has as many owners, who need not know of each other: a conflict that
    /// names them, even where the files could be merged.
    private static func inOneGroup(_ pair: ContractGrouping.Pair, _ groups: [String: String]) -> ContractGrouping.Pair {
        let owners = Set(pair.desired.files.compactMap { groups[$0] }).sorted { $0.compareBytes(to: $1) < 0 }
        guard owners.count > 1 else { return pair }
        var pair = pair
        let desired = pair.desired
        pair.content = nil
        pair.desired = DesiredPair(
            consumer: desired.consumer,
            provider: desired.provider,
            sha256: nil,
            files: desired.files,
            problem:
                "the pair is in the ConfigMaps \(owners.joined(separator: " and ")) (\(desired.files.joined(separator: ", "))); "
                + "keep it in one of them"
        )
        return pair
    }

    /// Every file of a pair whose names are too long for the section, as invalid keys; `nil` for an ordinary pair.
    private static func refusedForNames(_ pair: DesiredPair) -> [SourceState.InvalidKey]? {
        for (role, name) in [("consumer", pair.consumer), ("provider", pair.provider)]
        where name.utf8.count > maximumNameBytes {
            let reason =
                "`\(role).name` has \(name.utf8.count) bytes, more than the \(maximumNameBytes) a name may have"
            return pair.files.map { SourceState.InvalidKey(key: $0, reason: reason) }
        }
        return nil
    }

    /// Shortens problems and drops warnings where together they would crowd out the pairs themselves.
    private static func limitTexts(_ pairs: inout [DesiredPair]) {
        let total = pairs.reduce(0) { sum, pair in
            sum + (pair.problem?.utf8.count ?? 0) + pair.warnings.reduce(0) { $0 + $1.utf8.count }
        }
        guard total > maximumTextBytes, !pairs.isEmpty else { return }
        let share = max(maximumTextBytes / pairs.count / 2, 64)
        for index in pairs.indices {
            pairs[index].problem = pairs[index].problem.map { StateLimits.cut($0, to: share) }
            pairs[index].warnings = pairs[index].warnings.prefix(1).map { StateLimits.cut($0, to: share) }
        }
    }
}
