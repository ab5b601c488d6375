/// The state of one pair as a reader computes it from what is desired and what is proven.
///
/// | Desired content | Proven content | State |
/// |---|---|---|
/// | the proven one, newest files valid | same | `published`, or `superseded` if somebody else's version is the latest |
/// | the proven one, newest files invalid | same | `stale` |
/// | another | an older one of ours | `stale` |
/// | valid | none, refused for good | `failed` |
/// | valid | none, being sent | `publishing` |
/// | valid | none | `pending` |
/// | none valid | none | `invalid` |
package enum PairState: String, Codable, Sendable, CaseIterable {
    case published
    case superseded
    case stale
    case failed
    case publishing
    case pending
    case invalid

    /// Our content of this pair, perhaps an older revision, is in the broker.
    package var isReady: Bool {
        switch self {
        case .published, .superseded, .stale: true
        case .failed, .publishing, .pending, .invalid: false
        }
    }

    /// Nothing will change by itself soon.
    package var isSettled: Bool {
        switch self {
        case .published, .superseded, .stale, .failed, .invalid: true
        case .publishing, .pending: false
        }
    }

    /// Computes the state of a desired pair.
    ///
    /// - Parameter published: The publication's record of the pair from the **same run**, or `nil`.
    package init(desired: DesiredPair, published: PublishedPair?) {
        guard let proven = published?.verifiedSHA256 else {
            guard let sha256 = desired.sha256 else {
                self = .invalid
                return
            }
            if published?.failure?.sha256 == sha256 {
                self = .failed
            } else {
                self = published?.publishingSHA256 == sha256 ? .publishing : .pending
            }
            return
        }
        if desired.problem != nil || desired.sha256 != proven {
            self = .stale
        } else {
            self = published?.superseded == nil ? .published : .superseded
        }
    }
}
