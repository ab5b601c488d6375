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
        /// Requests in a row that did not get through while the broker was well.
        var obstacles = 0
        /// How often the broker went away while the group was on its way.
        var outages = 0
        /// It did not get through, and the check that follows has not said yet whether the broker is there.
        var isUnexplained = false
        /// A half of a refused group.
        var isSplit = false
    }

    /// A group on its way: answers are about the contents that were sent, whatever is desired by then.
    struct Sending: Equatable, Sendable {
        var group: Group
        var batch: PublicationBatch
        /// The 500 that it was answered with, while the check of the broker that may explain it is under way.
        var undecided: Undecided?

        struct Undecided: Equatable, Sendable {
            var text: String
            var reference: String?
        }
    }

    let configuration: Configuration
    var check: BrokerCheck
    var pairs = PairTable()
    var consumers = ConsumerTable()
    /// What a predecessor in the same run had proven, until the desired set is known.
    var remembered: [PairKey: PublishedPair] = [:]

    var inFlight: BrokerRequest?
    /// What is in flight, or what waits for the check of the broker after a 500.
    var sending: Sending?
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
    /// Contracts that do not get through wait until then: their own queue, so that they hold up nobody else.
    var suspectsNotBefore: MonotonicTime
    var suspectFailures = 0
    /// How often in a row the broker went away while a suspect was on its way.
    var suspectOutages = 0
    /// A suspect did not get through, and the check that follows has not said yet whether the broker is there.
    var isSuspectUnexplained = false
    /// The last time that refusals were tried again before their time.
    var refusalsRetried: MonotonicTime?

    var bulk = BulkReading()
    var rollingPosition = 0
    /// Turns of the rolling check so far.
    var rollingReads = 0
    /// The broker has given a content the SHA that we compute: it counts as we do.
    var computedSHAsAgree = false
    /// One pair is to be read in this check's turn: no timer of its own, so that an idle process sleeps longer.
    var isRollingDue = false

    private(set) var notes: [PlanNote] = []
    var counters = PublicationState.Counters()
    /// Changes of the source whose contracts are not all proven yet.
    var changeClock = ChangeClock()
    /// Grows with each change that readers of the state should see.
    var changes = 0
    var jitter: JitterSource

    init(configuration: Configuration, now: MonotonicTime, seed: UInt64) {
        self.configuration = configuration
        check = BrokerCheck(interval: configuration.checkInterval, now: now)
        publishNotBefore = now
        suspectsNotBefore = now
        jitter = JitterSource(seed: seed)
    }

    /// Takes over what a predecessor in the same run had proven. It counts once a read has confirmed it.
    mutating func restore(_ previous: PublicationState) {
        counters = previous.counters.carriedOver
        for pair in previous.pairs where pair.verifiedSHA256 != nil {
            remembered[PairKey(consumer: pair.consumer, provider: pair.provider)] = pair
        }
    }

    /// Something that people should read about.
    mutating func note(_ note: PlanNote) { notes.append(note) }

    /// Hands the notes over, each once.
    mutating func takeNotes() -> [PlanNote] {
        defer { notes = [] }
        return notes
    }

    /// Replaces the desired set.
    ///
    /// - Parameter change: What led to it, to measure until all of it is proven; `nil` where nobody asks.
    mutating func setDesired(
        _ desired: [PairKey: DesiredContent],
        after change: ChangeClock.Change? = nil,
        now: MonotonicTime
    ) {
        changes += 1
        if let change { startClock(change, desired) }
        var changed: Set<PairKey> = []
        for (key, record) in pairs where desired[key] == nil {
            note(.dropped(key, version: record.verified?.version))
            changed.insert(key.ofConsumer)
        }
        var records: [PairKey: PairRecord] = [:]
        for (key, content) in desired {
            var record = pairs[key] ?? newRecord(key, content)
            if pairs[key] == nil {
                changed.insert(key.ofConsumer)
            } else if record.desired != content {
                record.desire(content, whileSending: isSending(key, otherThan: content.sha256))
                changed.insert(key.ofConsumer)
            }
            records[key] = record
        }
        pairs = PairTable(records)
        remembered = [:]
        for consumer in changed.map(\.consumer) {
            if consumers[consumer] == nil { consumers[consumer] = ConsumerRecord() }
            consumers[consumer]?.contentHasChanged()
            for key in keys(of: consumer) { pairs[key]?.consumerHasChanged() }
            goBack(consumer)
        }
        refreshDigests()
        endRefusalIfIdle()
    }

    /// An edit that was taken back before anything of it was accepted leaves no version behind: everything is proven
    /// under an older one.
    private mutating func goBack(_ consumer: String) {
        guard sending?.batch.consumer != consumer, let present = consumers[consumer]?.version else { return }
        var versions: Set<String> = []
        for key in keys(of: consumer) {
            guard let record = pairs[key], record.sent == nil, record.superseded == nil, let proof = record.verified,
                proof.sha256 == record.desired.sha256
            else { return }
            versions.insert(proof.version)
        }
        guard let version = versions.first, versions.count == 1, version != present else { return }
        moveConsumer(consumer, to: version)
    }

    private func isSending(_ key: PairKey, otherThan sha256: String) -> Bool {
        guard let batch = sending?.batch, batch.consumer == key.consumer else { return false }
        return batch.items.contains { $0.provider == key.provider && $0.content.sha256 != sha256 }
    }

    /// New credentials: everything that was refused is tried at once.
    mutating func credentialsChanged(_ now: MonotonicTime) {
        publishNotBefore = now
        publishFailures = 0
        check.endRefusal()
        check.restart(now)
    }

    private mutating func newRecord(_ key: PairKey, _ content: DesiredContent) -> PairRecord {
        guard let former = remembered[key], let version = former.version else { return PairRecord(desired: content) }
        let record = PairRecord(desired: content, remembered: former)
        // The consumer goes on with its newest version; the others are behind it.
        var consumer = consumers[key.consumer] ?? ConsumerRecord()
        let rank = (former.publishedAt ?? "", version)
        let isNewer = consumer.version.isEmpty || rank > (newestRemembered[key.ofConsumer] ?? ("", ""))
        if isNewer {
            consumer.move(to: version)
            newestRemembered[key.ofConsumer] = rank
        }
        consumer.retire(version, configuration.policy)
        consumers[key.consumer] = consumer
        return record
    }

    /// `createdAt` and version of each consumer's newest remembered pair.
    private var newestRemembered: [PairKey: (String, String)] = [:]

    private mutating func refreshDigests() {
        var contents: [PairKey: [(provider: String, sha256: String)]] = [:]
        for (key, record) in pairs {
            contents[key.ofConsumer, default: []].append((key.provider, record.desired.sha256))
        }
        for (key, list) in contents { consumers[key.consumer]?.setDigest(VersionPolicy.digest(list)) }
        // Consumers that left keep their version numbers in mind, but not for ever.
        if consumers.count > contents.count + 1000 { consumers.keep { contents[$0] != nil } }
    }
}
