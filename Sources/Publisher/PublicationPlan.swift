import Shared
import SharedHTTP

/// Decides what the publisher does next: pure, with neither clock nor I/O. Ask with ``next(_:)``, perform the request,
/// answer with ``handle(_:to:took:now:)``; there is at most one request at a time (the real broker on SQLite answers 500
/// to concurrent publications, measured).
///
/// What comes first:
/// 1. the check of the broker, when it is due; nothing else while it is not ready;
/// 2. one bulk read before anything is published, then one per check interval: it proves, finds what is missing and
///    what somebody else has published;
/// 3. a pacticipant to be created, then batches: halves of refused ones, then new ones in the order of the pairs;
/// 4. a bulk read when nothing is left to send and something waits for its proof;
/// 5. single reads: proofs that the bulk read cannot give, and one pair per interval in turn.
struct PublicationPlan: Sendable {
    /// What does not change while the process runs.
    struct Configuration: Sendable {
        var policy: VersionPolicy
        var createPacticipants = false
        var checkInterval: Duration = .seconds(2)
        /// What each version is given, for brokers whose publications cannot carry it.
        var labels: [VersionLabel.Kind] = []
        /// Contracts and bytes of contracts in one request.
        var maximumBatchCount = 25
        var maximumBatchBytes = 4_000_000
        /// How often a contract that was refused for good is tried again.
        var failureRetry: Duration = .seconds(300)
        /// A bulk answer that is slower twice in a row is no longer asked for.
        var slowBulkRead: Duration = .seconds(2)
        /// How long pairs are read one by one before the bulk read is tried again.
        var oneByOnePeriod: Duration = .seconds(300)
        /// Read one pair's version per interval.
        var rollingCheck = true
    }

    /// What to do now.
    enum Step: Equatable, Sendable {
        case send(BrokerRequest)
        /// Nothing before this time, unless something happens.
        case wait(until: MonotonicTime)
        /// The answer to the request in flight is missing.
        case waitForAnswer
    }

    /// Contracts that go out in one request; what is left of a refused one is a group too.
    struct Group: Equatable, Sendable {
        var keys: [PairKey]
        /// 500 answers in a row while the broker was well.
        var errors = 0
        /// A half of a refused group.
        var isSplit = false
    }

    let configuration: Configuration
    var check: BrokerCheck
    var pairs: [PairKey: PairRecord] = [:]
    /// All keys of `pairs` in order.
    var order: [PairKey] = []
    var consumers: [String: ConsumerRecord] = [:]
    /// What a predecessor in the same run had proven, until the desired set is known.
    var remembered: [PairKey: PublishedPair] = [:]

    var inFlight: BrokerRequest?
    /// The group in flight, or the one whose 500 waits for the check of the broker.
    var current: Group?
    /// The 500 that waits for the check: a database that is down explains it.
    var undecided: (text: String, reference: String?)?
    /// Groups to send before new ones are formed; the last goes first.
    var groups: [Group] = []
    var creations: [String] = []
    var created: Set<String> = []
    /// Labels to be given, and those that were queued before.
    var labels: [VersionLabel] = []
    var labelled: Set<VersionLabel> = []
    /// Publications wait until then (backoff, Retry-After, credentials).
    var publishNotBefore: MonotonicTime
    var publishFailures = 0

    var bulk = BulkReading()
    /// Pairs whose version has to be read one by one, in order.
    var singleReads: [PairKey] = []
    var rollingPosition = 0
    /// One pair is to be read in this check's turn: no timer of its own, so that an idle process sleeps longer.
    var isRollingDue = false

    var notes: [PlanNote] = []
    var counters = PublicationState.Counters()
    /// Grows with each change that readers of the state should see.
    var changes = 0
    var jitter: JitterSource

    /// How and when `/pacts/latest` is read.
    struct BulkReading: Equatable, Sendable {
        /// Read at least once in this process, or known to be too large.
        var isKnown = false
        var due: MonotonicTime?
        var slow = 0
        /// Pairs are read one by one until then.
        var oneByOneUntil: MonotonicTime?
        var failures = 0
        /// What the last read failed with; `nil` after one that did not.
        var failure: Failure?
        /// The last complete read.
        var last: MonotonicTime?

        struct Failure: Equatable, Sendable {
            var status: BrokerState.Status
            var text: String
            /// Trying again soon will not help: credentials, a wrong address.
            var isRefusal: Bool
        }

        mutating func hasSucceeded() {
            failures = 0
            failure = nil
        }

        mutating func hasFailed(_ failure: Failure) {
            failures += 1
            self.failure = failure
        }
    }

    init(configuration: Configuration, now: MonotonicTime, seed: UInt64) {
        self.configuration = configuration
        check = BrokerCheck(interval: configuration.checkInterval, now: now)
        publishNotBefore = now
        jitter = JitterSource(seed: seed)
    }

    /// Takes over what a predecessor in the same run had proven. It counts once a read has confirmed it.
    mutating func restore(_ previous: PublicationState) {
        counters = previous.counters
        for pair in previous.pairs where pair.verifiedSHA256 != nil {
            remembered[PairKey(consumer: pair.consumer, provider: pair.provider)] = pair
        }
    }

    /// Replaces the desired set.
    mutating func setDesired(_ desired: [PairKey: DesiredContent], now: MonotonicTime) {
        changes += 1
        for key in order where desired[key] == nil {
            notes.append(.dropped(key, version: pairs[key]?.verified?.version))
            pairs[key] = nil
            consumers[key.consumer]?.answers = 0
        }
        for (key, content) in desired {
            if pairs[key] == nil {
                pairs[key] = newRecord(key, content)
            } else if pairs[key]?.desired != content {
                pairs[key]?.desired = content
                pairs[key]?.failure = nil
                pairs[key]?.superseded = nil
                pairs[key]?.attempts = 0
                pairs[key]?.lastError = nil
                pairs[key]?.notBefore = nil
            } else {
                continue
            }
            consumers[key.consumer, default: ConsumerRecord()].answers = 0
        }
        remembered = [:]
        order = pairs.keys.sorted()
        refreshDigests()
    }

    /// The contract's file is gone: the desired set has moved on, or will in a moment.
    mutating func contentIsMissing(_ keys: [PairKey], now: MonotonicTime) {
        for key in keys {
            pairs[key]?.lastError = "the contract's file is gone; waiting for the next desired set"
            pairs[key]?.notBefore = now + .seconds(1)
        }
        inFlight = nil
        current = nil
        changes += 1
    }

    /// New credentials: everything that was refused is tried at once.
    mutating func credentialsChanged(_ now: MonotonicTime) {
        publishNotBefore = now
        publishFailures = 0
        check.restart(now)
    }

    private mutating func newRecord(_ key: PairKey, _ content: DesiredContent) -> PairRecord {
        var record = PairRecord(desired: content)
        guard let former = remembered[key], let sha256 = former.verifiedSHA256, let version = former.version else {
            return record
        }
        record.verified = .init(
            sha256: sha256,
            version: version,
            createdAt: former.publishedAt,
            pactVersionSHA: former.pactVersionSHA,
            isConfirmed: false
        )
        record.latestSeen = former.superseded?.version ?? version
        record.superseded = former.superseded
        // The consumer goes on with its newest version; the others are behind it.
        var consumer = consumers[key.consumer] ?? ConsumerRecord()
        let rank = (former.publishedAt ?? "", version)
        let isNewer = consumer.version.isEmpty || rank > (newestRemembered[key.consumer] ?? ("", ""))
        if isNewer {
            consumer.version = version
            newestRemembered[key.consumer] = rank
        }
        consumer.retire(version)
        consumers[key.consumer] = consumer
        return record
    }

    /// `createdAt` and version of each consumer's newest remembered pair.
    private var newestRemembered: [String: (String, String)] = [:]

    private mutating func refreshDigests() {
        var contents: [String: [(provider: String, sha256: String)]] = [:]
        for (key, record) in pairs { contents[key.consumer, default: []].append((key.provider, record.desired.sha256)) }
        for (consumer, list) in contents {
            consumers[consumer, default: ConsumerRecord()].digest = VersionPolicy.digest(list)
        }
        // Consumers that left keep their version numbers in mind, but not for ever.
        if consumers.count > contents.count + 1000 { consumers = consumers.filter { contents[$0.key] != nil } }
    }
}
