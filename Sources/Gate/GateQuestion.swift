import Shared

/// What is asked for one provider.
struct GateQuestion: Equatable, Sendable {
    var path: String

    /// - Parameter hold: For how long the manager may keep the answer back until it is "ready"; zero: not at all. The
    ///   broker cannot.
    init(_ settings: GateSettings, provider: String, hold: Duration) {
        let name = PercentEncoding.pathSegment(provider)
        switch settings.source {
        case .manager(let url):
            var query: [String] = []
            if hold > .zero { query.append("wait=\(hold.milliseconds)ms") }
            if let consumer = settings.consumer { query.append("consumer=\(PercentEncoding.pathSegment(consumer))") }
            let suffix = query.isEmpty ? "" : "?" + query.joined(separator: "&")
            path = "\(url.basePath)/providers/\(name)/ready\(suffix)"
        case .broker(let url):
            let consumer = settings.consumer.map { "/consumer/\(PercentEncoding.pathSegment($0))" } ?? ""
            path = "\(url.basePath)/pacts/provider/\(name)\(consumer)/latest"
        }
    }
}
