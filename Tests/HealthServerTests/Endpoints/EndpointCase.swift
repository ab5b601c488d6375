import Shared

@testable import HealthServer

/// A request target, which row of ``EndpointTable`` its answers have, and what it answers in a row of ``ProbeTable``.
struct EndpointCase: Sendable, CustomStringConvertible {
    var target: String
    var endpoint: String
    var status: @Sendable (ProbeRow, Settings.ReadinessMode) -> Int
    /// `reason` in the body; `nil`: not looked at.
    var reason: @Sendable (ProbeRow, Settings.ReadinessMode) -> String? = { _, _ in nil }

    var description: String { target }

    static let all: [EndpointCase] =
        probes + providers + startup + [
            EndpointCase(target: "/health", endpoint: "/health") { _, _ in 200 },
            EndpointCase(target: "/healthz", endpoint: "/health") { _, _ in 200 },
            EndpointCase(target: "/providers", endpoint: "/providers") { _, _ in 200 },
            EndpointCase(target: "/status", endpoint: "/status") { _, _ in 200 },
            EndpointCase(target: "/status.json", endpoint: "/status.json") { _, _ in 200 },
            EndpointCase(target: "/", endpoint: "/") { _, _ in 200 },
        ] + wrong

    private static var probes: [EndpointCase] {
        @Sendable func readiness(_ row: ProbeRow, _ mode: Settings.ReadinessMode) -> Int {
            row.readiness[mode]?.status ?? 0
        }
        let alive = ["/liveness", "/livez"]
            .flatMap { path in
                [
                    EndpointCase(target: path, endpoint: "/liveness") { row, _ in row.liveness },
                    EndpointCase(target: "\(path)?verbose", endpoint: "/liveness?verbose") { row, _ in row.liveness },
                ]
            }
        let ready = ["/readiness", "/readyz"]
            .flatMap { path in
                [
                    EndpointCase(
                        target: path,
                        endpoint: "/readiness",
                        status: readiness,
                        reason: { row, mode in row.readiness[mode]?.reason }
                    ),
                    EndpointCase(target: "\(path)?verbose", endpoint: "/readiness?verbose", status: readiness),
                    EndpointCase(
                        target:
                            "\(path)?exclude=shutdown&exclude=state&exclude=source&exclude=broker&exclude=contracts",
                        endpoint: "/readiness?exclude=…"
                    ) { _, _ in 200 },
                ]
            }
        return alive + ready + [
            EndpointCase(
                target: "/ready",
                endpoint: "/ready",
                status: { row, _ in row.ready.status },
                reason: { row, _ in row.ready.reason }
            )
        ]
    }

    private static var providers: [EndpointCase] {
        let names = ["GCP-Secret-Manager", "gcp-secret-manager", "GCP-SECRET-MANAGER", "%47cp%2DSecret-Manager"]
        let targets = names.map { "/providers/\($0)/ready" } + ["/providers/GCP-Secret-Manager/ready?wait=0"]
        return targets.map { target in
            EndpointCase(
                target: target,
                endpoint: "/providers/{provider}/ready",
                status: { row, _ in row.provider == .unknown ? 404 : row.provider.status },
                reason: { row, _ in row.provider.reason }
            )
        }
    }

    /// The manager of the table started 300 s ago.
    private static var startup: [EndpointCase] {
        @Sendable func reason(_ row: ProbeRow, _ mode: Settings.ReadinessMode) -> String? {
            row.provider == .unknown ? "unknown_provider" : row.provider.reason
        }
        let targets = ["gcp-secret-manager", "GCP%2dSecret-Manager&fallback=301s", "GCP-Secret-Manager&fallback=10m"]
        let waiting = targets.map { query in
            EndpointCase(
                target: "/startup?provider=\(query)",
                endpoint: "/startup?provider=…",
                status: { row, _ in row.provider.status },
                reason: reason
            )
        }
        let over = ["300s", "0", "299999ms"]
            .map { fallback in
                EndpointCase(
                    target: "/startup?provider=GCP-Secret-Manager&fallback=\(fallback)",
                    endpoint: "/startup?provider=…",
                    status: { _, _ in 200 },
                    reason: reason
                )
            }
        return waiting + over
    }

    /// Nothing in the state makes these right.
    private static var wrong: [EndpointCase] {
        let unknown = [
            "/nothing", "/events/", "/metrics/", "/index.html", "/liveness/", "/livez/", "/readiness/", "/ready/",
            "/health/", "/providers/", "/status/",
            "/startup/?provider=P", "/Liveness", "/READY", "//ready", "/providers/P", "/providers/P/ready/",
            "/providers//ready", "/providers/a/b/ready", "/providers/P/Ready", "/..%2fliveness", "/../liveness",
            "/./ready", "/liveness;x", "/liveness%20", "/liveness%2f",
        ]
        let bad = [
            "/providers/%zz/ready", "/providers/%00/ready", "/providers/%c0%af/ready", "/providers/%/ready",
            "/providers/P/ready?wait=ever", "/providers/P/ready?wait=301s", "/providers/P/ready?revision=xyz",
            "/providers/P/ready?until=now", "/providers?x=1", "/startup", "/startup?provider=",
            "/startup?fallback=90s", "/startup?provider=P&fallback=soon", "/startup?provider=P&fallback=86401s",
            "/startup?provider=P&fallback=", "/startup?provider=P&Fallback=90s", "/startup?provider=%ff",
            "/startup?provider=&provider=P",
            "/startup?provider=P&fallback=1s&fallback=2s", "/startup?provider=P&consumer=C&consumer=D",
            "/startup?" + (0...32).map { "provider=\($0)" }.joined(separator: "&"), "/?x",
            "/status.json?x", "/events?x",
        ]
        return unknown.map { target in
            EndpointCase(target: target, endpoint: "a path that is not there") { _, _ in 404 }
        }
            + bad.map { target in
                EndpointCase(target: target, endpoint: "a target or parameter that is wrong") { _, _ in 400 }
            }
    }
}

extension ProbeRow.Expected {
    /// 404 for an unknown provider is that endpoint's own; elsewhere it is not ready.
    var status: Int { self == .yes ? 200 : 503 }

    var reason: String? { if case .no(let reason) = self { reason } else { nil } }
}
