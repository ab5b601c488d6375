internal import Shared

/// What a browser may do with the page: nothing but the two texts that stand in it, and ask this server.
enum PagePolicy {
    /// `Content-Security-Policy` (CSP level 3): style and script are allowed by the hash of their text.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src '\(hash(PageStyle.text))'; script-src '\(hash(PageScript.text))'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static let headers = [
        HeaderField(name: "Content-Security-Policy", value: contentSecurityPolicy),
        HeaderField(name: "X-Content-Type-Options", value: "nosniff"),
        HeaderField(name: "Referrer-Policy", value: "no-referrer"),
        HeaderField.varyAccept,
    ]

    private static func hash(_ text: String) -> String {
        var hash = SHA256()
        hash.update(Array(text.utf8))
        return "sha256-\(Base64.encodeToString(hash.finalize()))"
    }
}

/// One header field of an answer beyond those that all have.
struct HeaderField: Equatable, Sendable {
    var name: String
    var value: String

    /// Another `Accept` may get another answer.
    static let varyAccept = HeaderField(name: "Vary", value: "Accept")
}

extension Answer {
    /// The page.
    static func page(_ html: [UInt8]) -> Answer {
        var answer = Answer(status: 200, contentType: "text/html; charset=utf-8", body: html)
        answer.headers = PagePolicy.headers
        return answer
    }

    /// The same answer, where a browser would have got the page.
    func varying() -> Answer {
        var answer = self
        answer.headers.append(.varyAccept)
        return answer
    }
}
