import Shared

/// A moment as the broker stores and writes it: whole seconds, UTC.
struct BrokerTime: Hashable, Sendable, Codable {
    /// Since 1970-01-01T00:00:00Z.
    var seconds: Int64

    init(_ time: WallClock) {
        seconds = time.milliseconds / 1000
    }

    /// `2026-11-23T00:57:35+00:00`.
    var text: String { String(rfc3339.prefix(19)) + "+00:00" }

    /// `23/11/2026`, as in the titles of a list of versions.
    var day: String {
        let parts = rfc3339.prefix(10).split(separator: "-")
        return parts.reversed().joined(separator: "/")
    }

    private var rfc3339: String { WallClock(milliseconds: seconds * 1000).rfc3339 }
}
