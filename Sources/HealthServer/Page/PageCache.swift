internal import Shared
internal import Synchronization

/// The last page, for all who ask within a second of it: after a change many browsers do at once.
final class PageCache: Sendable {
    private let last = Mutex<Page?>(nil)

    private struct Page {
        let key: PageSubject.Key
        let built: MonotonicTime
        let bytes: [UInt8]
        /// Keeps the identity in the key from being given to another snapshot.
        let snapshot: RunSnapshot
    }

    /// How old a page may get; its ages are behind by that much at most.
    private static let lifetime: Duration = .seconds(1)

    /// The page of `subject`; takes milliseconds for a thousand contracts. One thread at a time.
    func page(_ subject: PageSubject) -> [UInt8] {
        let snapshot = subject.situation.view.snapshot
        let evaluation = ProbeEvaluation(subject.situation)
        let key = PageSubject.Key(
            snapshot: ObjectIdentifier(snapshot),
            problem: subject.situation.view.problem,
            verdict: evaluation.readiness.code,
            since: subject.since,
            isStopping: subject.situation.isStopping,
            waiters: subject.waiters
        )
        let now = subject.clock.monotonic
        let kept: [UInt8]? = last.withLock { last in
            guard let last, last.key == key, now - last.built < Self.lifetime else { return nil }
            return last.bytes
        }
        if let kept { return kept }
        let bytes = StatusPage(subject, evaluation: evaluation).html()
        last.withLock { $0 = Page(key: key, built: now, bytes: bytes, snapshot: snapshot) }
        return bytes
    }
}
