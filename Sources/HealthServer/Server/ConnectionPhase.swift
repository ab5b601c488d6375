/// What a connection is doing.
///
/// ```
/// idle ──first byte──► receiving ──complete request──► answering ──► sending ──► idle
///                          │                               ├─wait──► waiting ──► sending
///                          │                               └─events► streaming ──► sending
///                          └─bad or too long──► sending ──► lingering ──► closed
/// ```
enum ConnectionPhase: Equatable {
    /// Between requests.
    case idle
    /// A request has begun to arrive.
    case receiving
    /// A complete request is here and its answer is being made.
    case answering
    /// A complete request is held.
    case waiting
    /// The client follows `/events`.
    case streaming
    /// The answer is on its way to the client, which may be slow to take it.
    case sending
    /// An answer is out, and the requests that were sent ahead wait until others have had their turn.
    case resting
    /// The last answer is out; what the client still sends is thrown away until it has read the answer.
    case lingering

    /// A new connection may take its place: no complete request is lost, but for those that a client sent ahead of the
    /// answers to many others.
    var mayBeClosed: Bool {
        switch self {
        case .idle, .receiving, .resting, .lingering: true
        case .answering, .waiting, .streaming, .sending: false
        }
    }

    /// What the client sends now belongs to a later request.
    var hasCompleteRequest: Bool {
        switch self {
        case .answering, .waiting, .streaming, .sending, .resting: true
        case .idle, .receiving, .lingering: false
        }
    }
}
