internal import Shared

/// The routes as the metrics name them: never a path as it was sent, which could be anything.
enum RouteName: String, Sendable, CaseIterable {
    case liveness = "/liveness"
    case readiness = "/readiness"
    case ready = "/ready"
    case health = "/health"
    case providers = "/providers"
    case provider = "/providers/{provider}/ready"
    case startup = "/startup"
    case status = "/status"
    case index = "/"
    case events = "/events"
    case metrics = "/metrics"
    /// Whatever was refused before it had a route.
    case other
}

extension Route {
    var name: RouteName {
        switch self {
        case .liveness, .livenessChecks: .liveness
        case .readiness, .readinessChecks: .readiness
        case .startup: .startup
        case .ready: .ready
        case .health: .health
        case .providers: .providers
        case .provider: .provider
        case .status, .statusJSON: .status
        case .index: .index
        case .events: .events
        case .metrics: .metrics
        }
    }
}

/// How the wait of a held request ended.
enum WaitResult: String, Sendable, CaseIterable {
    /// What it waited for is there.
    case ready
    /// Its time was up.
    case timeout
    /// The manager or this process stops.
    case stopping
    /// The client has hung up.
    case abandoned
}

/// What this process has counted of its own work since it started.
struct RequestCounters: Sendable {
    struct Key: Hashable, Sendable {
        var route: RouteName
        var status: Int
    }

    private(set) var requests: [Key: Int] = [:]
    private(set) var durations: [RouteName: Histogram] = [:]
    private(set) var waits: [WaitResult: Histogram] = [:]

    /// - Parameter duration: From the complete request to the answer; `nil`: held, or never complete.
    mutating func count(_ route: RouteName, status: Int, took duration: Duration?) {
        requests[Key(route: route, status: status), default: 0] += 1
        guard let duration else { return }
        durations[route, default: Histogram(bounds: HistogramBounds.httpRequest)].observe(duration)
    }

    mutating func count(_ result: WaitResult, held duration: Duration) {
        waits[result, default: Histogram(bounds: HistogramBounds.wait)].observe(duration)
    }
}
