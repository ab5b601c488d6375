import Shared

/// What the plan knows of one desired pair. Only its own methods change it, each for one thing that happens.
///
/// At most one of these is the evidence for the desired content: `sent` (accepted, not read back yet) or `verified`
/// (read back). A `doubt` excludes both until the broker has answered a repeated publication.
struct PairRecord: Equatable, Sendable {
    private(set) var desired: DesiredContent
    /// Accepted by the broker and seen in a later read.
    private(set) var verified: Proof?
    /// Accepted by the broker, not seen yet.
    private(set) var sent: Sent?
    private(set) var failure: Failure?
    /// Somebody else's later version, after our answers to it were used up.
    private(set) var superseded: PublishedPair.Superseded?
    /// The version that the last read named for the pair: somebody else's version that was there already when we
    /// published is old, not an answer to us.
    private(set) var latestSeen: String?
    /// Publications tried for the desired content.
    private(set) var attempts = 0
    /// The last failure that is repeated by itself.
    private(set) var lastError: String?
    /// Not to be sent before this time.
    private(set) var notBefore: MonotonicTime?
    /// What the broker's own SHAs of contents of ours are, under whatever version: the last few.
    private(set) var knownSHAs: [KnownSHA] = []
    private(set) var doubt: Doubt?
    /// How often our version was found with other content since something of ours changed.
    private(set) var overwrites = 0
    /// Publications in a row that did not get through.
    private(set) var obstacles = 0
    /// A suspect: its publications do not get through although the broker is well. It goes behind all others, in
    /// requests of at most this many contracts.
    private(set) var batchLimit: Int?
    /// How often in a row the contract's file could not be loaded.
    private(set) var missingFiles = 0
    /// How often in a row something was accepted and not there afterwards.
    private(set) var disappearances = 0
    private(set) var readFailures = 0
    /// The number of the rolling check's turn that was the pair's last.
    private(set) var lastTurn = 0
    /// No single read before this time.
    private(set) var readNotBefore: MonotonicTime?

    /// Overwrites that are answered before the pair counts as failed.
    static let maximumOverwrites = 3

    init(desired: DesiredContent) {
        self.desired = desired
    }

    /// What a predecessor in the same run had proven; a read of this process has to confirm it.
    init(desired: DesiredContent, remembered former: PublishedPair) {
        self.desired = desired
        guard let sha256 = former.verifiedSHA256, let version = former.version else { return }
        verified = Proof(
            sha256: sha256,
            version: version,
            createdAt: former.publishedAt,
            pactVersionSHA: former.pactVersionSHA,
            isConfirmed: false
        )
        if let sha = former.pactVersionSHA { learn(sha, of: sha256) }
        latestSeen = former.superseded?.version ?? version
        superseded = former.superseded
    }
}

// MARK: What is desired and sent

extension PairRecord {
    /// - Parameter other: Another content of the pair is on its way to the broker: whatever was proven may be over.
    mutating func desire(_ content: DesiredContent, whileSending other: Bool) {
        var record = PairRecord(desired: content)
        record.verified = other && verified?.sha256 == content.sha256 ? nil : verified
        record.sent = sent
        record.latestSeen = latestSeen
        record.knownSHAs = knownSHAs
        record.readFailures = readFailures
        record.readNotBefore = readNotBefore
        record.lastTurn = lastTurn
        self = record
    }

    /// Another pair of the consumer has changed: its version moves, and somebody who wrote over the old one is
    /// answered anew.
    mutating func consumerHasChanged() {
        overwrites = 0
        if failure?.retryAt == nil { failure = nil }
    }

    mutating func isAttempted() { attempts += 1 }

    mutating func isAccepted(
        _ sha256: String,
        as version: String,
        notices: PublishNotices,
        at now: MonotonicTime
    ) {
        sent = Sent(sha256: sha256, version: version, acceptedAt: now, wasThere: notices.isUnchanged)
        doubt?.answer = notices
        obstacles = 0
        batchLimit = nil
        missingFiles = 0
        guard desired.sha256 == sha256 else {
            // What was read before is no longer the latest.
            if verified?.sha256 == desired.sha256 { verified = nil }
            return
        }
        failure = nil
        lastError = nil
        notBefore = nil
    }

    mutating func isPostponed(_ text: String) { lastError = text }

    /// It did not get through; `limit` makes it a suspect.
    mutating func isObstructed(limit: Int, times: Int) {
        obstacles = max(obstacles + 1, times)
        batchLimit = limit
    }

    /// - Returns: True if people have not been told yet.
    mutating func fails(_ failure: PublishedPair.Failure, retryAt: MonotonicTime?) -> Bool {
        let known = self.failure?.published
        self.failure = Failure(published: failure, retryAt: retryAt)
        lastError = nil
        notBefore = nil
        return known?.kind != failure.kind || known?.sha256 != failure.sha256
    }

    /// The broker may be another one now, or somebody has worked on it: what it refused is tried again at once.
    ///
    /// - Returns: True if it would have waited.
    mutating func retryRefused(_ now: MonotonicTime) -> Bool {
        guard let retryAt = failure?.retryAt, now < retryAt else { return false }
        failure?.retryAt = now
        return true
    }

    /// The contract's file cannot be loaded. The watcher stores it anew, or the desired set moves on.
    ///
    /// - Returns: True the second time in a row: the first is often an edit that is on its way here.
    mutating func lacksFile(_ now: MonotonicTime, random: Double) -> Bool {
        missingFiles += 1
        lastError = "the contract's file is missing or damaged; waiting for the watcher"
        let backoff = Backoff(first: .seconds(1), maximum: .seconds(60))
        notBefore = now + backoff.delay(attempt: missingFiles, random: random)
        return missingFiles == 2
    }
}

// MARK: What reads say

extension PairRecord {
    /// A predecessor's or an earlier connection's proofs: another read has to confirm them.
    mutating func mustBeConfirmed() {
        verified?.isConfirmed = false
        readNotBefore = nil
        readFailures = 0
    }

    mutating func isLookedFor(latest: String?) {
        sent?.isLookedFor = true
        latestSeen = latest
    }

    /// A read that did not find it was too early, or of another kind: it is looked for again.
    mutating func mustBeLookedForAgain(_ time: MonotonicTime) {
        guard sent?.isLookedFor == true, superseded == nil, doubt == nil else { return }
        sent?.isLookedFor = false
        readNotBefore = time
    }

    /// What was sent is there: under its version name, and by its content if that was in doubt.
    mutating func isProven(createdAt: String?, isLatest: Bool) {
        guard let sent else { return }
        let isSame = verified?.sha256 == sent.sha256 && verified?.version == sent.version
        verified = Proof(
            sha256: sent.sha256,
            version: sent.version,
            createdAt: createdAt,
            pactVersionSHA: isSame ? verified?.pactVersionSHA : nil,
            isConfirmed: true
        )
        self.sent = nil
        disappearances = 0
        if isLatest { superseded = nil }
    }

    /// The list names the proven version.
    mutating func isConfirmed(createdAt: String?) {
        guard var proof = verified else { return }
        // Written again under our version: a single read looks at its content now.
        if proof.createdAt != nil, proof.createdAt != createdAt { proof.hasMoved = true }
        proof.createdAt = createdAt
        proof.isConfirmed = true
        verified = proof
        superseded = nil
    }

    mutating func isSuperseded(by other: PublishedPair.Superseded) { superseded = other }

    /// The broker does not have `version` (`nil`: nothing of the pair).
    ///
    /// - Returns: The proof that is over.
    mutating func isMissing(_ version: String?, _ now: MonotonicTime, random: Double) -> Proof? {
        var lost: Proof?
        if let proof = verified, version == nil || proof.version == version {
            lost = proof
            verified = nil
        }
        if let sent, version == nil || sent.version == version {
            self.sent = nil
            if lost == nil {
                disappearances += 1
                lastError = "the broker accepted it, but does not have it"
                let backoff = Backoff(maximum: .seconds(300))
                notBefore = now + backoff.delay(attempt: disappearances, random: random)
            }
        }
        if version == nil {
            superseded = nil
            doubt = nil
            if failure?.published.kind == Failure.overwritten { failure = nil }
        }
        return lost
    }

    mutating func hasItsTurn(_ number: Int) { lastTurn = number }

    mutating func isReadAgain(at time: MonotonicTime) { readNotBefore = time }

    /// A single read says nothing: only this pair's next one is put off.
    mutating func isNotReadable(_ now: MonotonicTime, first: Duration, random: Double) {
        readFailures += 1
        verified?.hasMoved = false
        doubt?.hasMoved = false
        let backoff = Backoff(first: first, maximum: .seconds(300))
        readNotBefore = now + backoff.delay(attempt: readFailures, random: random)
    }
}

// MARK: What is in the broker under our version

extension PairRecord {
    /// What a single read of one of our versions means.
    enum Reading: Equatable, Sendable {
        /// A version that is none of ours, or nothing new.
        case nothing
        /// The content is ours, as far as anybody can tell.
        case ours
        /// Other content, perhaps: to be published again.
        case doubtful
        /// Other content again, after our last answer to it.
        case overwritten
        /// A proof is over; a newer publication waits for its own.
        case lost
    }

    /// Takes the answer to a single read.
    ///
    /// The broker's SHA is compared with the one it gave for the same content before. As long as there is none the one
    /// that we compute is a hint: where it differs the contract is published again, and the broker's answer and the next
    /// read decide.
    ///
    /// - Parameter computedSHA: What our own computation gives for the desired content; `nil` if it was not made.
    mutating func read(_ pact: PactVersion, of version: String, computedSHA: String?) -> Reading {
        readFailures = 0
        readNotBefore = nil
        if failure?.published.kind == Failure.overwritten { return readAgain(pact, of: version, computedSHA) }
        if let sent, sent.version == version {
            let isExpected = expects(pact, sent.sha256, computedSHA) ?? (doubt == nil)
            return isExpected ? isOurs(pact.sha, sent.sha256) : differs(pact, version)
        }
        guard let proof = verified, proof.version == version else { return .nothing }
        // Nobody knows what it was before it was written again.
        let isExpected = expects(pact, proof.sha256, computedSHA) ?? !hasMoved(proof, pact)
        if isExpected {
            verified?.pactVersionSHA = pact.sha
            verified?.isConfirmed = true
            verified?.hasMoved = false
            return sent == nil ? isOurs(pact.sha, proof.sha256) : .ours
        }
        guard sent == nil else {
            // A newer publication is on its way to be proven: only the old proof is over.
            verified = nil
            return .lost
        }
        return differs(pact, version)
    }

    /// - Returns: `nil` if nothing is known that could be compared.
    private func expects(_ pact: PactVersion, _ content: String, _ computedSHA: String?) -> Bool? {
        guard let sha = pact.sha else { return true }
        return (knownSHA(of: content) ?? computedSHA).map { $0 == sha }
    }

    private func hasMoved(_ proof: Proof, _ pact: PactVersion) -> Bool {
        guard let before = proof.createdAt, let now = pact.createdAt else { return proof.hasMoved }
        return proof.hasMoved || before != now
    }

    private mutating func isOurs(_ sha: String?, _ content: String) -> Reading {
        doubt = nil
        // Of a former content nothing is learned: a comparison was not possible, and it cannot be published again.
        if let sha, content == desired.sha256 { learn(sha, of: content) }
        return .ours
    }

    /// Only the broker itself can say that a content with another SHA is ours: it takes our repeated publication for
    /// what it has already.
    private mutating func differs(_ pact: PactVersion, _ version: String) -> Reading {
        let sha = pact.sha ?? ""
        guard let doubt else { return isDoubtful(pact, sha, version, .doubtful) }
        // Read before our answer to the doubt: no news.
        guard let answer = doubt.answer, let sent else { return .nothing }
        guard doubt.version == version, doubt.sha == sha else { return isDoubtful(pact, sha, version, .doubtful) }
        let isUntouched = doubt.createdAt == pact.createdAt && answer.warnings.isEmpty
        guard answer.isUnchanged || isUntouched else { return isDoubtful(pact, sha, version, .overwritten) }
        overwrites -= 1
        return isOurs(sha, sent.sha256)
    }

    private mutating func isDoubtful(_ pact: PactVersion, _ sha: String, _ version: String, _ reading: Reading)
        -> Reading
    {
        overwrites += 1
        verified = nil
        sent = nil
        doubt = Doubt(sha: sha, version: version, createdAt: pact.createdAt)
        return reading
    }

    /// We have given up to answer; somebody may have put it right.
    private mutating func readAgain(_ pact: PactVersion, of version: String, _ computedSHA: String?) -> Reading {
        doubt?.hasMoved = false
        doubt?.createdAt = pact.createdAt
        let known = knownSHA(of: desired.sha256) ?? computedSHA
        guard let sha = pact.sha, sha == known else { return .nothing }
        failure = nil
        sent = Sent(sha256: desired.sha256, version: version, acceptedAt: nil, wasThere: true, isLookedFor: true)
        return isOurs(sha, desired.sha256)
    }

    private mutating func learn(_ sha: String, of content: String) {
        knownSHAs.removeAll { $0.sha256 == content }
        knownSHAs.append(KnownSHA(sha256: content, pactVersionSHA: sha))
        if knownSHAs.count > 4 { knownSHAs.removeFirst() }
    }

    /// The list names the version that was overwritten, with another date.
    mutating func noteOverwritten(createdAt: String?) {
        if failure?.published.kind == Failure.overwritten, doubt?.createdAt != createdAt { doubt?.hasMoved = true }
    }
}
