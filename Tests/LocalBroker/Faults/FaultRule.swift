import Shared

/// One fault, with the requests it applies to.
struct FaultRule: Equatable, Sendable {
    /// What happens to a request.
    enum Effect: Equatable, Sendable {
        /// This answer instead of the real one.
        case status(Int, body: [UInt8]?, contentType: String, retryAfter: Int?)
        /// No answer, for ever or for so long; then the real one.
        case hang(Duration?)
        /// The connection is closed instead of an answer.
        case close
        /// The head and half of the body, then the connection is closed.
        case closeMidBody
        /// The head and half of the body, then nothing.
        case hangMidBody
        /// The answer in pieces of so many bytes, one every so often.
        case drip(bytes: Int, every: Duration)
        /// What a broker without its database answers [A3].
        case databaseDown
        /// A 500 with a reference for requests whose contents contain this text.
        case poison(String)
        /// Every answer so much later. Adds to other faults.
        case latency(Duration)
    }

    var effect: Effect
    /// Empty for all methods.
    var methods: [String] = []
    /// Beginnings of the path as sent; empty for all paths.
    var paths: [String] = []
    /// So many matching requests are let through first.
    var after = 0
    /// The rule is used up after so many requests; `nil` for never.
    var count: Int?
    /// The request is carried out although its answer is spoilt: the case "stored, but the client never heard of it".
    var handles = false
    /// The JSON it was made from, for `GET /_faults`.
    var source: JSONObject

    /// Whether the request is one this rule is about.
    ///
    /// - Parameter contains: Whether the request's contents contain a text.
    func matches(method: String, path: String, contains: (String) -> Bool) -> Bool {
        if !methods.isEmpty, !methods.contains(method) { return false }
        if !paths.isEmpty, !paths.contains(where: path.hasPrefix) { return false }
        if case .poison(let text) = effect { return contains(text) }
        // Neither the heartbeat nor the index touches the database [A3].
        if case .databaseDown = effect { return !["/diagnostic/status/heartbeat", "/"].contains(path) }
        return true
    }
}
