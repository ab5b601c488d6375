/// What goes back to a client: status, body and the few headers that vary.
struct Answer: Equatable, Sendable {
    var status: Int
    var contentType = Answer.json
    var body: [UInt8]
    /// `Retry-After`, whole seconds.
    var retryAfter: Int?
    /// `Allow`, for 405.
    var allow: String?
    /// The request was to be held, and all places for that are taken.
    var waitRefused = false
    /// What only this answer has.
    var headers: [HeaderField] = []

    static let json = "application/json"
    static let problemJSON = "application/problem+json"

    init(status: Int, contentType: String = Answer.json, body: [UInt8], retryAfter: Int? = nil, allow: String? = nil) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.retryAfter = retryAfter
        self.allow = allow
    }
}

extension Answer {
    /// An answer in the form of RFC 9457.
    ///
    /// - Parameters:
    ///   - title: The same for every occurrence.
    ///   - detail: This occurrence: what is wrong with which value, and what would be right.
    static func problem(_ status: Int, _ title: String, detail: String, allow: String? = nil) -> Answer {
        let body = JSONWriter.object { writer in
            writer.field("type", "about:blank")
            writer.field("title", title)
            writer.field("status", status)
            writer.field("detail", detail)
        }
        return Answer(status: status, contentType: problemJSON, body: body, allow: allow)
    }

    /// Others are taking so many long documents that the memory for one more is kept for the probes.
    static func tooManyLongAnswers() -> Answer {
        var answer = problem(
            503,
            "Service Unavailable",
            detail: "other clients are taking large documents; ask again in a second"
        )
        answer.retryAfter = 1
        return answer
    }

    static func badRequest(_ detail: String) -> Answer { problem(400, "Bad Request", detail: detail) }

    static func methodNotAllowed(_ method: String) -> Answer {
        problem(
            405,
            "Method Not Allowed",
            detail: "\(method.prefix(32)) is not answered here; use GET or HEAD",
            allow: "GET, HEAD"
        )
    }

    static func unknownPath() -> Answer {
        problem(
            404,
            "Not Found",
            detail: "no such path; there are /liveness, /readiness, /ready, /health, /providers, "
                + "/providers/{provider}/ready, /startup, /status, /status.json, /events and /metrics"
        )
    }
}
