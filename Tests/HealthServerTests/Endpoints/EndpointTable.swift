import Shared

@testable import HealthServer

/// What an endpoint's answer looks like, by its status: docs/endpoints.md shows this very table.
struct EndpointAnswer: Sendable {
    var endpoint: String
    var status: Int
    var contentType: String
    var hasRetryAfter = false
    /// `nil`: the body is no JSON object.
    var shape: BodyShape?
    /// In place of the keys.
    var text = ""

    /// A row of the page's table.
    var row: String {
        let keys = shape.map { "`\($0)`" } ?? text
        return "| `\(endpoint)` | \(status) | `\(contentType)`\(hasRetryAfter ? ", `Retry-After`" : "") | \(keys) |"
    }
}

enum EndpointTable {
    static let json = "application/json"
    static let problem = "application/problem+json"
    static let text = "text/plain; charset=utf-8"

    private static let counts =
        "contracts: integer, published: integer, pending: integer, publishing: integer, "
        + "stale: integer, superseded: integer, failed: integer, invalid: integer"
    private static let problemKeys = "type: string, title: string, status: integer, detail: string"
    private static let ancestor = "status: string, broker_healthy: boolean, pacts_published: boolean"

    static let answers: [EndpointAnswer] =
        probes + [
            answer(
                "/health",
                200,
                ancestor
            ),
            answer(
                "/providers",
                200,
                "synced: boolean, reason: string?, detail: string?, providers: array"
            ),
            answer(
                "/providers/{provider}/ready",
                200,
                "ready: true, provider: string, published_at: string, state: string, contracts: array"
            ),
            answer(
                "/providers/{provider}/ready",
                503,
                "ready: false, provider: string, published_at: null, state: string, reason: string, detail: string, "
                    + "contracts: array"
            ),
            answer(
                "/providers/{provider}/ready",
                404,
                "\(problemKeys), ready: false, provider: string, published_at: null, state: string, "
                    + "knownProviders: array?, knownConsumers: array?, more: integer?"
            ),
            answer(
                "/startup?provider=…",
                200,
                "status: string, degraded: boolean, reason: string?, detail: string?, providers: array"
            ),
            answer(
                "/startup?provider=…",
                503,
                "status: string, degraded: false, reason: string, detail: string, fallback_in_seconds: integer?, "
                    + "providers: array"
            ),
            answer(
                "/status",
                200,
                "schema: string, version: string, run: string or null, liveness: object, readiness: object, "
                    + "synced: boolean, state_problem: string or null, waiters: integer, contracts: array, "
                    + "sections: object, …"
            ),
            answer(
                "/status.json",
                200,
                "schema: string, version: string, run: string or null, liveness: object, readiness: object, "
                    + "synced: boolean, state_problem: string or null, waiters: integer, contracts: array, "
                    + "sections: object, …"
            ),
            answer("/", 200, "name: string, version: string, endpoints: array"),
            answer("a path that is not there", 404, problemKeys),
            answer("a target or parameter that is wrong", 400, problemKeys),
            answer("another method", 405, problemKeys),
        ]

    private static var probes: [EndpointAnswer] {
        let age = "supervisor_tick_age_seconds: integer"
        let readiness =
            "\(ancestor), reason: string?, detail: string?, reasons: array, warnings: array, mode: string, "
            + "since: string, \(counts)"
        let ready = "\(ancestor), published_providers: array, reason: string?, detail: string?, reasons: array"
        let checks = "a line for each check, then"
        return [
            answer("/liveness", 200, "status: string, supervised: boolean, \(age)?"),
            answer(
                "/liveness",
                503,
                "status: string, supervised: boolean, \(age), reason: string, detail: string",
                hasRetryAfter: false
            ),
            plain("/liveness?verbose", 200, "\(checks) `livez check passed`"),
            plain("/liveness?verbose", 503, "\(checks) `livez check failed`"),
            answer("/readiness", 200, readiness),
            answer("/readiness", 503, readiness),
            plain("/readiness?verbose", 200, "\(checks) `readyz check passed`"),
            plain("/readiness?verbose", 503, "\(checks) `readyz check failed`", hasRetryAfter: true),
            plain("/readiness?exclude=…", 200, "`ok`"),
            answer("/ready", 200, ready),
            answer("/ready", 503, ready),
        ]
    }

    private static func answer(
        _ endpoint: String,
        _ status: Int,
        _ keys: String,
        hasRetryAfter: Bool? = nil
    ) -> EndpointAnswer {
        EndpointAnswer(
            endpoint: endpoint,
            status: status,
            contentType: [200, 503].contains(status) ? json : problem,
            hasRetryAfter: hasRetryAfter ?? (status == 503),
            shape: BodyShape(keys)
        )
    }

    private static func plain(
        _ endpoint: String,
        _ status: Int,
        _ text: String,
        hasRetryAfter: Bool = false
    ) -> EndpointAnswer {
        EndpointAnswer(
            endpoint: endpoint,
            status: status,
            contentType: Self.text,
            hasRetryAfter: hasRetryAfter,
            text: text
        )
    }

    static func answer(_ endpoint: String, _ status: Int) -> EndpointAnswer? {
        answers.first { $0.endpoint == endpoint && $0.status == status }
    }
}
