internal import Shared

/// All that one rendering of the page depends on.
struct PageSubject: Sendable {
    var situation: Situation
    /// RFC 3339: since when the readiness is what it is.
    var since: String
    /// Who is held, the most numerous first.
    var waiting: [WaitingGroup]
    /// Held requests in all.
    var waiters: Int
    /// Open event streams.
    var streams: Int
    var clock: PageClock

    /// What must be the same for a page of a moment ago to be as good: everything but the time.
    struct Key: Equatable, Sendable {
        var snapshot: ObjectIdentifier
        var problem: StateProblem?
        var verdict: String?
        var since: String
        var isStopping: Bool
        var waiters: Int
    }
}

/// Held requests that wait for the same.
struct WaitingGroup: Equatable, Sendable {
    /// As it was asked for: a client's own text.
    var query: ProviderQuery
    var count: Int
    /// When the first of them began to wait.
    var since: MonotonicTime
    /// Where they come from, at most ``addressesShown``, without ports.
    var addresses: [String]

    static let addressesShown = 3
    /// Groups shown at most.
    static let shown = 20
}

extension [WaitingGroup] {
    /// Adds one held request.
    mutating func add(_ query: ProviderQuery, since: MonotonicTime, address: String?) {
        let index: Int
        if let found = firstIndex(where: { $0.query == query }) {
            index = found
            self[index].count += 1
            self[index].since = Swift.min(self[index].since, since)
        } else {
            index = count
            append(WaitingGroup(query: query, count: 1, since: since, addresses: []))
        }
        guard let address, self[index].addresses.count < WaitingGroup.addressesShown,
            !self[index].addresses.contains(address)
        else { return }
        self[index].addresses.append(address)
    }
}
