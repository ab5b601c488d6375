import Shared

/// The plan's pairs in order, and for each kind of work those that may need it.
///
/// Asking what comes next costs as much as there is to do, not as much as there are pairs: with a request per pair that
/// would be quadratic. A change of a record, or of its consumer's version, puts the pair on every list; whoever goes
/// through a list takes off what does not belong there. So a list may hold too much, never too little. What only has to
/// wait is taken off as well, and put back when its time comes: nobody walks over it meanwhile.
struct PairTable: Sendable {
    /// All pairs, sorted.
    let keys: [PairKey]
    /// By position in `keys`; never `nil` between two calls.
    private var records: [PairRecord?]
    private let positions: [PairKey: Int]
    private var lists: [PositionSet]
    /// To be published, with publications that do not get through: by their number.
    private var suspects: PositionQueue<Int>
    private var delays: [PositionQueue<MonotonicTime>]
    private var settled: PositionSet
    private var proven: PositionSet
    private(set) var settledCount = 0
    private(set) var provenCount = 0
    /// Records that were looked at to find out what comes next: what that costs, whatever the machine.
    private(set) var looks = 0

    /// A kind of work.
    enum List: Int, CaseIterable, Sendable {
        /// To be published, not refused before.
        case unpublished
        /// To be published, refused before.
        case refused
        /// The consumer's version holds another content than the desired one.
        case outdated
        /// Accepted, and not looked for in the list of all pacts since.
        case unlisted
        /// A version whose content has to be read.
        case toBeRead
        /// Where pairs are read one by one: the latest version has to be read.
        case toBeReadAlone
    }

    /// What may have to wait until some time.
    enum Delay: Int, CaseIterable, Sendable {
        /// ``PairRecord/dueTime``.
        case publication
        /// ``PairRecord/readNotBefore``.
        case read
    }

    init(_ content: [PairKey: PairRecord] = [:]) {
        keys = content.keys.sorted()
        records = keys.map { content[$0] }
        positions = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        lists = Array(repeating: PositionSet(count: keys.count), count: List.allCases.count)
        suspects = PositionQueue(count: keys.count)
        delays = Array(repeating: PositionQueue(count: keys.count), count: Delay.allCases.count)
        settled = PositionSet(count: keys.count)
        proven = settled
        for position in keys.indices { hasChanged(position) }
    }

    var count: Int { keys.count }

    subscript(key: PairKey) -> PairRecord? {
        get { positions[key].flatMap { records[$0] } }
        _modify {
            guard let position = positions[key] else {
                var nothing: PairRecord?
                yield &nothing
                precondition(nothing == nil, "pairs come and go with the desired set")
                return
            }
            yield &records[position]
            hasChanged(position)
        }
    }

    subscript(position: Int) -> PairRecord {
        guard let record = records[position] else { preconditionFailure("no pair can be taken out") }
        return record
    }

    /// The positions of one consumer's pairs.
    func range(of consumer: String) -> Range<Int> {
        let bytes = consumer.utf8
        let start = keys.partitioningIndex { !$0.consumer.utf8.lexicographicallyPrecedes(bytes) }
        let end = keys[start...].partitioningIndex { !$0.consumer.utf8.elementsEqual(bytes) }
        return start..<end
    }

    /// The consumer's version is another one: anything may have to be done for each of its pairs.
    mutating func versionHasChanged(of consumer: String) {
        for position in range(of: consumer) { hasChanged(position) }
    }

    /// Puts on the lists what has waited until `now`.
    mutating func advance(to now: MonotonicTime) {
        for delay in delays.indices {
            while let next = delays[delay].first, next.rank <= now {
                delays[delay].set(next.position, nil)
                enlist(next.position)
            }
        }
    }

    /// The first pair of `list` at or after `position`; what `belongs` denies is taken off.
    ///
    /// - Parameter belongs: Whether the pair belongs on the list until something changes or its time comes.
    mutating func first(
        of list: List,
        from position: Int = 0,
        where belongs: (PairKey, PairRecord) -> Bool
    ) -> Int? {
        var position = position
        while let found = lists[list.rawValue].first(from: position) {
            looks += 1
            if belongs(keys[found], self[found]) { return found }
            remove(found, from: list)
            position = found + 1
        }
        return nil
    }

    /// Takes a pair off `list` until something changes or its time comes.
    mutating func remove(_ position: Int, from list: List) { lists[list.rawValue].remove(position) }

    /// Suspects, those with the fewest failures first, up to the first one that is not `wanted`.
    ///
    /// - Parameter belongs: As in ``first(of:from:where:)``.
    mutating func suspects(
        where belongs: (PairKey, PairRecord) -> Bool,
        while wanted: (PairKey, PairRecord) -> Bool
    ) -> [PairKey] {
        var found: [PositionQueue<Int>.Entry] = []
        while let next = suspects.first {
            let (key, record) = (keys[next.position], self[next.position])
            looks += 1
            let isSuspect = belongs(key, record)
            if isSuspect, !wanted(key, record) { break }
            suspects.set(next.position, nil)
            if isSuspect { found.append(next) }
        }
        for entry in found { suspects.set(entry.position, entry.rank) }
        return found.map { keys[$0.position] }
    }

    /// The next time that a pair waits for, among those that `belongs` does not deny; the others are no longer waited for
    /// until something changes.
    mutating func nextTime(
        of delay: Delay,
        where belongs: (PairKey, PairRecord) -> Bool = { _, _ in true }
    ) -> MonotonicTime? {
        while let next = delays[delay.rawValue].first {
            looks += 1
            if belongs(keys[next.position], self[next.position]) { return next.rank }
            delays[delay.rawValue].set(next.position, nil)
        }
        return nil
    }

    /// Whether `list` would be found to have the pair, if it belongs there.
    func isOn(_ list: List, _ position: Int) -> Bool { lists[list.rawValue].contains(position) }

    private mutating func enlist(_ position: Int) {
        for list in lists.indices { lists[list].insert(position) }
        suspects.set(position, self[position].batchLimit == nil ? nil : self[position].obstacles)
    }

    private mutating func hasChanged(_ position: Int) {
        enlist(position)
        let record = self[position]
        delays[Delay.publication.rawValue].set(position, record.dueTime)
        delays[Delay.read.rawValue].set(position, record.readNotBefore)
        if settled.replace(position, record.isSettled) { settledCount += record.isSettled ? 1 : -1 }
        let isProven = record.verified?.sha256 == record.desired.sha256
        if proven.replace(position, isProven) { provenCount += isProven ? 1 : -1 }
    }
}

extension PairTable: Sequence {
    func makeIterator() -> some IteratorProtocol<(key: PairKey, value: PairRecord)> {
        zip(keys, records).lazy.compactMap { key, record in record.map { (key: key, value: $0) } }.makeIterator()
    }

    var values: some Sequence<PairRecord> { lazy.map(\.value) }

    func mapValues<Value>(_ transform: (PairRecord) -> Value) -> [PairKey: Value] {
        Dictionary(uniqueKeysWithValues: map { ($0.key, transform($0.value)) })
    }
}

extension PositionSet {
    /// - Returns: True if that changes anything.
    fileprivate mutating func replace(_ position: Int, _ isMember: Bool) -> Bool {
        guard contains(position) != isMember else { return false }
        if isMember { insert(position) } else { remove(position) }
        return true
    }
}

extension RandomAccessCollection {
    /// The first index whose element fulfils `condition`; all before it do not, all after it do.
    fileprivate func partitioningIndex(where condition: (Element) -> Bool) -> Index {
        var low = startIndex
        var rest = count
        while rest > 0 {
            let half = rest / 2
            let middle = index(low, offsetBy: half)
            if condition(self[middle]) {
                rest = half
            } else {
                low = index(after: middle)
                rest -= half + 1
            }
        }
        return low
    }
}
