import Shared

/// How long it takes from a change of the source to the proof of everything that it changed; pure.
///
/// A contract that changes again belongs to the newer change alone, so the older one is measured without it, and not at
/// all if nothing is left. Contracts that were only dropped have nothing to prove.
struct ChangeClock: Equatable, Sendable {
    /// A change of the source.
    struct Change: Equatable, Sendable {
        /// `SourceState.revision` that it led to.
        var revision: String
        /// `SourceState.changed`.
        var began: MonotonicTime
    }

    private struct Open: Equatable, Sendable {
        var change: Change
        var keys: Set<PairKey>
    }

    /// In the order of the changes; no pair is in two of them, so they are no more than there are pairs.
    private var open: [Open] = []
    /// A predecessor in the same run may have measured the first change that this process hears of.
    private(set) var hasBegun = false

    /// - Parameters:
    ///   - changed: Pairs that the change gave another content.
    ///   - desired: Whether a pair is still to be in the broker.
    mutating func start(_ change: Change, changed: Set<PairKey>, isDesired desired: (PairKey) -> Bool) {
        hasBegun = true
        for index in open.indices {
            open[index].keys = open[index].keys.filter { !changed.contains($0) && desired($0) }
        }
        open.removeAll { $0.keys.isEmpty }
        if !changed.isEmpty { open.append(Open(change: change, keys: changed)) }
    }

    /// The changes of which every pair is proven now, each once.
    mutating func finished(_ isProven: (PairKey) -> Bool) -> [Change] {
        let done = open.filter { $0.keys.allSatisfy(isProven) }.map(\.change)
        if !done.isEmpty { open.removeAll { done.contains($0.change) } }
        return done
    }
}

extension PublicationPlan {
    /// Notes which pairs `change` gave another content. Called before the desired set is replaced.
    mutating func startClock(_ change: ChangeClock.Change, _ desired: [PairKey: DesiredContent]) {
        // What a predecessor has measured and is not proven any more was lost since, not edited.
        let isMeasured = !changeClock.hasBegun && change.revision == counters.measuredRevision
        let changed = desired.filter { key, content in
            if let record = pairs[key] { return record.desired != content }
            return remembered[key]?.verifiedSHA256 != content.sha256
        }
        changeClock.start(change, changed: isMeasured ? [] : Set(changed.keys)) { desired[$0] != nil }
    }

    /// Counts the changes that are proven by what is about to be committed.
    mutating func measureChanges(_ now: MonotonicTime) {
        let done = changeClock.finished { key in
            guard let record = pairs[key], let proof = record.verified else { return false }
            return proof.isConfirmed && proof.sha256 == record.desired.sha256
        }
        for change in done {
            counters.changeToPublished.observe(now - change.began)
            counters.measuredRevision = change.revision
        }
    }
}
