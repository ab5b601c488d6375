internal import Shared

/// Remembers since when the readiness is what it is.
struct ReadinessHistory: Sendable {
    private var code: String?
    private var isReady = false
    /// RFC 3339, UTC.
    private(set) var since: String

    init(started: WallClock) {
        since = started.rfc3339
    }

    /// Notes a verdict; another verdict or another first reason starts a new period.
    ///
    /// - Returns: True if it changed.
    mutating func note(_ verdict: ProbeEvaluation.Verdict, at now: WallClock) -> Bool {
        guard verdict.isReady != isReady || verdict.code != code else { return false }
        isReady = verdict.isReady
        code = verdict.code
        since = now.rfc3339
        return true
    }
}
