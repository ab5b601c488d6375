import TestSupport

/// How a file of recordings is replayed.
struct TranscriptPlan: Sendable {
    typealias Change = @Sendable (TranscriptSituation) throws -> Void

    /// What becomes of one recorded exchange.
    struct Step: Sendable {
        /// Counts from 1 within the file.
        var number: Int
        /// Why it cannot be replayed; `nil` if it is.
        var reason: String?
        /// Instead of the recorded one, or because none was recorded.
        var target: String?
        /// `nil` for the recorded one; empty for no token.
        var token: String?
        var headers: [String] = []
        var body: [UInt8]?
        var strictness = TranscriptComparison.Strictness.all
        var prepare: Change?
        /// Happens while the watch is open.
        var during: Change?
    }

    var file: String
    var arguments: [String] = []
    var steps: [Step]
    /// What else the file records that is no HTTP exchange to replay, and where it went.
    var others: [String] = []

    static func replay(
        _ number: Int,
        _ target: String? = nil,
        token: String? = nil,
        headers: [String] = [],
        body: [UInt8]? = nil,
        _ strictness: TranscriptComparison.Strictness = .all,
        prepare: Change? = nil,
        during: Change? = nil
    ) -> Step {
        Step(
            number: number,
            target: target,
            token: token,
            headers: headers,
            body: body,
            strictness: strictness,
            prepare: prepare,
            during: during
        )
    }

    static func skip(_ number: Int, _ reason: String) -> Step { Step(number: number, reason: reason) }

    /// A path of the recordings below the collection.
    static func path(_ rest: String) -> String { "\(TranscriptSituation.collection)\(rest)" }

    /// A watch of the usual name.
    static func watch(_ rest: String = "") -> String {
        path("?watch=1&fieldSelector=metadata.name%3D\(TranscriptSituation.name)&timeoutSeconds=1\(rest)")
    }
}
