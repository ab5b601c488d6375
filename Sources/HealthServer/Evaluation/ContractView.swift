internal import Shared

/// One desired pair together with what is proven of it.
struct ContractView: Sendable {
    let desired: DesiredPair
    /// The publication's record of the pair, of the same run.
    let published: PublishedPair?
    let state: PairState
    /// When the content that the broker has was published there; set whenever ``PairState/isReady``.
    ///
    /// The broker's `createdAt`; until the publisher's rolling check has recorded that, the moment of the proof.
    let publishedAt: UTCTimestamp?

    /// - Parameter provenAt: When all of this was proven at the latest, for a record that names no time of its own.
    init(desired: DesiredPair, published: PublishedPair?, provenAt: UTCTimestamp) {
        self.desired = desired
        self.published = published
        state = PairState(desired: desired, published: published)
        guard state.isReady, let published else {
            publishedAt = nil
            return
        }
        publishedAt =
            published.publishedAt.flatMap { UTCTimestamp($0) } ?? published.verifiedAt.flatMap { UTCTimestamp($0) }
            ?? provenAt
    }

    /// Why it is not what it should be, in one sentence; `nil` when there is nothing to say.
    var detail: String? {
        switch state {
        case .failed: published?.failure?.explanation
        case .invalid: desired.problem
        case .stale: desired.problem ?? published?.failure?.explanation ?? published?.lastError
        case .superseded:
            published?.superseded
                .map { other in
                    "somebody else's version \(other.version) is the latest"
                        + (other.createdAt.map { ", created \($0)" } ?? "")
                }
        case .pending, .publishing: published?.lastError
        case .published: nil
        }
    }
}
