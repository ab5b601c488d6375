import Shared

/// The real server's answers to statuses that a test asks for.
enum StandardAnswers {
    /// - Parameters:
    ///   - refusal: The 403 this very request would get without a role.
    ///   - retryAfter: Instead of the usual seconds.
    static func response(
        _ code: Int,
        refusal: APIStatus,
        retryAfter: Int?
    ) -> (status: APIStatus?, response: APIResponse?) {
        if code == 429 {
            // Not a Status: plain text, from a filter before the API (recording 09).
            let header = ("Retry-After", String(retryAfter ?? 1))
            return (nil, .text(429, "Too many requests, please try again later.\n", headers: [header]))
        }
        var status = code == 403 ? refusal : status(code)
        if let retryAfter { status.retryAfter = retryAfter }
        return (status, nil)
    }

    static func status(_ code: Int) -> APIStatus {
        switch code {
        case 401: .unauthorized
        case 410: .expiredList
        case 413: .tooLargeBody
        case 503: .shuttingDown
        case 504:
            APIStatus(
                code: 504,
                message: "Timeout: request did not complete within the allotted timeout",
                reason: "Timeout"
            )
        case 500: APIStatus(code: 500, message: "Internal error occurred: fault", reason: "InternalError")
        default: APIStatus(code: code, message: "fault", reason: "Unknown")
        }
    }
}
