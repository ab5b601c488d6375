internal import NIOCore
internal import NIOPosix
internal import Shared

extension ServerCore {
    /// What a page made now would show.
    func pageSubject() -> PageSubject {
        let situation = situation
        var groups: [WaitingGroup] = []
        for connection in connections.all {
            guard let query = connection.waitingFor else { continue }
            groups.add(query, since: connection.phaseBegan, address: connection.clientAddress)
        }
        groups.sort { ($1.count, $0.since) < ($0.count, $1.since) }
        return PageSubject(
            situation: situation,
            since: history.since,
            waiting: groups,
            waiters: waiting,
            streams: streams.count,
            clock: PageClock(wall: WallClock.now(), monotonic: situation.now)
        )
    }

    /// The page, made on another thread.
    func page(_ subject: PageSubject, _ then: @escaping ([UInt8]) -> Void) {
        let pages = pages
        aside({ pages.page(subject) }, then)
    }
}

extension Answer {
    /// `GET /` for programs: what there is to ask for.
    static func index() -> Answer {
        let body = JSONWriter.object { writer in
            writer.field("name", "pact-mocks-manager")
            writer.field("version", BuildVersion.number)
            writer.array("endpoints", endpoints) { writer, endpoint in
                writer.object { writer in
                    writer.field("path", endpoint.path)
                    writer.field("what", endpoint.what)
                }
            }
        }
        return Answer(status: 200, body: body)
    }

    private static let endpoints: [(path: String, what: String)] = [
        ("/status", "everything that is known; a page for browsers"),
        ("/status.json", "the same, always JSON"),
        ("/events", "server-sent events, one for every change"),
        ("/liveness", "does the manager run"),
        ("/readiness", "broker ready and contracts published"),
        ("/providers", "every provider and contract with its state"),
        ("/providers/{provider}/ready", "are the contracts of a provider in the broker"),
        ("/startup?provider=P&fallback=90s", "for a startup probe: the same, or the time is up"),
        ("/ready", "broker ready and at least one contract published"),
        ("/health", "does this server answer"),
        ("/metrics", "Prometheus' text format"),
    ]
}
