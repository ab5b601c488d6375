import Shared

/// What the query of a watch asks for.
struct WatchOptions: Equatable, Sendable {
    /// Where to start; `nil` and 0: with what exists.
    var version: Int?
    var allowsBookmarks: Bool
    var sendsInitialEvents: Bool
    /// The server ends the watch then.
    var timeout: Duration

    /// - Parameter streamsLists: What the server makes of `sendInitialEvents`.
    /// - Throws: ``APIStatus`` 422 or 500 as recorded (06, 10, 12).
    init(_ target: RequestTarget, _ streamsLists: ServerOptions.StreamingLists) throws(APIStatus) {
        let asked = streamsLists == .ignored ? nil : target.bool("sendInitialEvents")
        let match = streamsLists == .ignored ? "" : target.query["resourceVersionMatch"] ?? ""
        if asked != nil, streamsLists == .refused {
            throw Self.forbidden(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            )
        }
        if asked != nil, match != "NotOlderThan" {
            let reason = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            throw Self.forbidden("resourceVersionMatch", reason)
        }
        if asked == nil, !match.isEmpty {
            let reason = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            throw Self.forbidden("resourceVersionMatch", reason)
        }
        version = try Self.version(target)
        allowsBookmarks = target.bool("allowWatchBookmarks") ?? false
        sendsInitialEvents = asked ?? false
        let seconds = target.query["timeoutSeconds"].flatMap { Int64($0) } ?? 0
        // Without a limit the real server takes 30 to 60 minutes.
        timeout = .seconds(seconds > 0 ? seconds : Int64.random(in: 1800...3600))
    }

    /// The version a request names; `nil` for none.
    ///
    /// - Throws: ``APIStatus`` 500.
    static func version(_ target: RequestTarget) throws(APIStatus) -> Int? {
        guard let text = target.query["resourceVersion"], !text.isEmpty else { return nil }
        guard let version = UInt64(text), !text.hasPrefix("+") else { throw .badVersion(text) }
        return Int(clamping: version)
    }

    private static func forbidden(_ field: String, _ text: String) -> APIStatus {
        let message = "Forbidden: \(text)"
        let cause = APIStatus.Cause(reason: "FieldValueForbidden", message: message, field: field)
        return .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", causes: [cause])
    }
}
