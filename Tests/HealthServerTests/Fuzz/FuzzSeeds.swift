import FoundationEssentials
import Shared

@testable import HealthServer

/// Good and nearly good inputs that a generator or libFuzzer changes.
package enum FuzzSeeds {
    private static let targets = [
        "/liveness", "/livez?verbose", "/readyz?verbose&exclude=broker", "/readiness?exclude=contracts", "/ready",
        "/healthz", "/providers", "/status", "/providers/Published/ready", "/providers/Pending/ready?wait=30s",
        "/providers/a%2Fb%20c/ready?consumer=Consumer&revision=a1a1a1a", "/providers/B%c3%bccher/ready?wait=1500ms",
        "/providers/%c0%af/ready", "/startup?provider=Published&provider=Pending&fallback=90s",
        "/startup?provider=Nobody&fallback=0", "http://host:8081/ready", "/%6civeness", "*", "/nothing",
    ]

    private static let raw = [
        "GET /liveness HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /ready HTTP/1.0\r\n\r\n",
        "POST /liveness HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde",
        "GET /status HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
        "GET /ready HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "GET /liveness HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n", "GET /liveness\r\n\r\n",
        "GET /liveness HTTP/0.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{0}\u{5}\u{1}\u{0}\u{0}", "\r\n\r\nGET /ready HTTP/1.1\r\n A: b\r\n\r\n",
    ]

    /// See ``FuzzTargets/request(_:)``.
    package static let requests: [[UInt8]] = {
        let requests = targets.map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" } + raw
        let heads = targets.prefix(8).map { "HEAD \($0) HTTP/1.1\r\n\r\n" }.joined()
        let pipelined = requests.prefix(10).joined()
        return (requests + [heads, pipelined]).enumerated()
            .map { [UInt8(truncatingIfNeeded: $0.offset)] + Array($0.element.utf8) }
    }()

    /// Sections as the workers write them, see ``FuzzTargets/state(_:)``.
    package static let states: [[UInt8]] = {
        var sections = FuzzWorld.sections
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func seed(_ number: UInt8, _ content: some Encodable) -> [[UInt8]] {
            // Plain texts and integers always encode.
            guard let bytes = try? encoder.encode(content) else { return [] }
            return (0..<4).map { [number | $0 << 2] + Array(bytes) }
        }
        var seeds = seed(0, sections.processes) + seed(1, sections.source) + seed(2, sections.broker)
        seeds += seed(3, sections.publication)
        sections.source?.status = .lost
        sections.source?.warnings = ["a subPath mount"]
        sections.source?.pairs[0].problem = "line 3: no"
        sections.broker?.status = .refused
        sections.broker?.detail = "connection refused"
        sections.broker?.requestDeadline = FuzzWorld.now + .seconds(3)
        sections.publication?.pairs[0].failure = PublishedPair.Failure(
            sha256: FuzzWorld.sha,
            kind: "rejected",
            httpStatus: 422,
            reason: "the broker's text"
        )
        sections.publication?.pairs[1].superseded = PublishedPair.Superseded(
            version: "other-1",
            createdAt: "2026-01-01T00:00:00+00:00"
        )
        var watcher = ProcessesState.Worker(name: "watcher")
        watcher.phase = .ready
        watcher.lastHeartbeat = FuzzWorld.now - .seconds(100)
        sections.processes?.workers = [watcher]
        seeds += seed(0, sections.processes) + seed(1, sections.source) + seed(2, sections.broker)
        return seeds + seed(3, sections.publication)
    }()
}
