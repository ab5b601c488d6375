import Shared

/// Holds what the manager says against what the oracle saw of broker and directory itself. Pure: observations in, in the
/// order of their time, violations out.
///
/// **A contract said to be there was there.** When `/providers/P/ready` is 200 and names content for a pair, the broker
/// served it as the pair's latest (for a `stale` or `superseded` pair: held it) within the last
///
///     2 I + 3 I + 1 s + delays,  I = CHECK_INTERVAL_SECS
///
/// 2 I: the broker is read in bulk once per interval, and a read that has just passed leaves the loss to the next, or,
/// after a check out of turn, the one after that ("within 2 intervals"). 3 I: the publisher may die
/// before it could tell; what it said then counts until the staleness limit (§6). 1 s: a writer killed between its
/// commit and the wake-up costs a reader one second (§3). Delays: a request in flight keeps knowledge alive until its own
/// time-out (§6); the faults here hold one request for so long, and each of up to four of a check by their latency.
/// A broker that is down, or answers with errors, is not serving.
///
/// **It is what the directory wanted.** The revision named was the directory's within the last 5 s (the watcher's poll,
/// should inotify fail, §5) + 1 s of the watcher's undisturbed life: while it is dead, stopped or starting, it cannot
/// know. A pair whose file is invalid keeps whatever good content was read last.
struct ChaosOracle {
    /// What the broker holds of a pair, by ``ChaosContracts/label(_:_:)``; the latest last.
    typealias Held = [Int: [String]]

    enum Observation: Sendable {
        /// What the broker holds, read between `began` and `ended`; whether it answers as it should.
        case broker(Held, isServing: Bool, began: MonotonicTime, ended: MonotonicTime)
        /// A 200 of `/providers/P/ready`.
        case ready(provider: String, [Claim], began: MonotonicTime, ended: MonotonicTime)
        /// From `began` on the new entries may be seen, until `ended` the old ones.
        case directory([Int: ChaosContracts.Entry], began: MonotonicTime, ended: MonotonicTime)
        /// The watcher has lived, undisturbed, since; `nil`: it does not at this moment.
        case watcher(undisturbedSince: MonotonicTime?, at: MonotonicTime)
        /// A fault that delays single requests came into force.
        case delay(Duration, at: MonotonicTime)
    }

    struct Claim: Equatable, Sendable {
        var pair: Int
        var state: String
        /// What is said to be in the broker.
        var content: String
        /// What is said to be desired.
        var revision: String?
    }

    private struct Sample {
        var held: Held
        var isServing: Bool
        var began: MonotonicTime
        var ended: MonotonicTime
    }

    private struct Reign {
        var entry: ChaosContracts.Entry
        var from: MonotonicTime
        /// `nil`: until now.
        var until: MonotonicTime?
        /// The longest the watcher lived undisturbed after that.
        var undisturbed = Duration.zero
    }

    let interval: Duration
    private(set) var claims = 0
    private(set) var staleClaims = 0
    private(set) var samples = 0
    /// The longest time between the broker's serving a content and an answer that named it.
    private(set) var oldest = Duration.zero
    private(set) var violations: [(at: MonotonicTime, text: String)] = []
    private var history: [Sample] = []
    private var reigns: [Int: [Reign]] = [:]
    private var delays: [(length: Duration, at: MonotonicTime)] = []
    /// Claims that no sample supports so far; the next one decides.
    private var open: [(claim: Claim, provider: String, began: MonotonicTime)] = []

    static let wakeUp = Duration.seconds(1)
    static let poll = Duration.seconds(5)

    init(interval: Duration) {
        self.interval = interval
    }

    mutating func observe(_ observation: Observation) {
        switch observation {
        case .broker(let held, let isServing, let began, let ended):
            take(Sample(held: held, isServing: isServing, began: began, ended: ended))
        case .ready(let provider, let claims, let began, let ended):
            if claims.isEmpty { violations.append((ended, "\(provider) is ready without a contract")) }
            for claim in claims {
                self.claims += 1
                if claim.state == "stale" { staleClaims += 1 }
                checkRevision(claim, provider, began)
                checkContent(claim, provider, began)
            }
        case .directory(let entries, let began, let ended):
            for (pair, entry) in entries {
                if let last = reigns[pair]?.indices.last { reigns[pair]?[last].until = ended }
                reigns[pair, default: []].append(Reign(entry: entry, from: began))
            }
        case .watcher(let since, let now):
            for (pair, list) in reigns {
                for index in list.indices {
                    guard let until = list[index].until, let since else { continue }
                    let length = max(.zero, now - max(since, until))
                    reigns[pair]?[index].undisturbed = max(list[index].undisturbed, length)
                }
                reigns[pair]?.removeAll { $0.undisturbed > Self.poll + Self.wakeUp + .seconds(60) }
            }
        case .delay(let length, let now): delays.append((length, now))
        }
    }

    /// How old the broker's serving may be at `now`.
    func limit(at now: MonotonicTime) -> Duration {
        let base = interval * 5 + Self.wakeUp
        let inForce = delays.filter { $0.at + base + $0.length * 4 + .seconds(4) >= now }.map(\.length)
        return base + (inForce.max() ?? .zero) * 4
    }

    // MARK: content

    private mutating func checkContent(_ claim: Claim, _ provider: String, _ began: MonotonicTime) {
        let limit = limit(at: began)
        for sample in history.reversed() where sample.isServing {
            if began - sample.ended > limit { break }
            guard Self.supports(sample, claim, isLatest: claim.state == "published") else { continue }
            oldest = max(oldest, began - sample.ended)
            return
        }
        open.append((claim, provider, began))
    }

    private mutating func take(_ sample: Sample) {
        samples += 1
        // Published and proven since the sample before; perhaps already followed by another.
        for (claim, provider, began) in open where !Self.supports(sample, claim, isLatest: false) {
            let held = history.last?.held[claim.pair] ?? []
            let text = "\(provider) is ready with \(claim.content) (\(claim.state)), "
            let fact = "which the broker has not served for \(limit(at: began).milliseconds) ms; it held \(held)"
            violations.append((began, text + fact))
        }
        open = []
        history.append(sample)
        if history.count > 4096 { history.removeFirst(2048) }
    }

    private static func supports(_ sample: Sample, _ claim: Claim, isLatest: Bool) -> Bool {
        let held = sample.held[claim.pair] ?? []
        return isLatest ? held.last == claim.content : held.contains(claim.content)
    }

    // MARK: revision

    private mutating func checkRevision(_ claim: Claim, _ provider: String, _ now: MonotonicTime) {
        let limit = Self.poll + Self.wakeUp
        let isAllowed = (reigns[claim.pair] ?? [])
            .contains { reign in
                guard reign.undisturbed <= limit else { return false }
                switch reign.entry {
                case .absent: return false
                case .invalid: return true
                case .content(let revision): return ChaosContracts.label(claim.pair, revision) == claim.revision
                }
            }
        guard !isAllowed else { return }
        let wanted = reigns[claim.pair]?.last.map { "\($0.entry)" } ?? "nothing"
        let text = "\(provider) is ready with revision \(claim.revision ?? "none") of \(claim.pair), "
        violations.append((now, text + "which the directory has not held lately; it holds \(wanted)"))
    }
}
