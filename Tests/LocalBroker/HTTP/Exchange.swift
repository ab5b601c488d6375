import Shared

/// What an endpoint knows about the request it answers.
struct Exchange: Sendable {
    var request: BrokerRequest
    var accept: AcceptHeader
    var links: Links
    var now: WallClock
    /// What a 500 names for the broker's log; another one for each request.
    var reference: String
    /// Changed content under an existing version is stored instead of refused.
    var allowsContentChanges: Bool
    /// What this broker does not have.
    var leftOut: Set<LeftOut> = []

    /// The value of `createdAt` for `now`.
    var timestamp: BrokerTime { BrokerTime(now) }

    static let notFoundText = "The requested document was not found on this server."

    /// The 404 for whatever is not there [04][85].
    var notFound: BrokerResponse {
        if accept.namesProblemJSON {
            let body: JSONValue = [
                "title": "404 Not Found", "type": "/problem/not-found", "detail": .string(Self.notFoundText),
                "status": 404,
            ]
            return .json(404, body, type: BrokerResponse.problem)
        }
        return .json(404, ["error": .string(Self.notFoundText)], type: BrokerResponse.json)
    }

    var internalError: BrokerResponse { .internalError(reference: reference) }

    /// An error with one text: as `error`, or as problem+json whose `status` is 500 whatever the HTTP status [13][15].
    func error(_ status: Int, _ text: String) -> BrokerResponse {
        guard accept.namesProblemJSON else { return .json(status, ["error": .string(text)]) }
        let body: JSONValue = [
            "title": "Server error", "type": .string("\(links.base)/problem/server-error"), "detail": .string(text),
            "status": 500,
        ]
        return .json(status, body, type: BrokerResponse.problem)
    }

    /// A 400 with what is wrong with which field [17][62][63].
    func invalid(_ errors: ValidationErrors) -> BrokerResponse {
        guard accept.namesProblemJSON else { return .json(400, ["errors": errors.byField]) }
        let body: JSONValue = [
            "title": "Validation errors", "type": .string("\(links.base)/problems/validation-error"), "status": 400,
            "instance": "/", "errors": errors.problems(base: links.base),
        ]
        return .json(400, body, type: BrokerResponse.problem)
    }
}
