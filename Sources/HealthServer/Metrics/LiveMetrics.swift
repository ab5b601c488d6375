internal import NIOCore
internal import NIOPosix
internal import Shared

/// The metrics that change without a new snapshot: by time, by this server's own work, by /proc.
struct LiveMetrics: Sendable {
    var situation: Situation
    var counters: RequestCounters
    var waiters: Int
    /// The date that belongs to the situation's `now`.
    var wall: WallClock

    /// - Parameter memory: From ``ResidentMemory``.
    func encode(memory: [(worker: String, bytes: Int)]) -> [UInt8] {
        var writer = ExpositionWriter(reserving: 16 * 1024)
        writer.family(.startTime) { $0.sample(unix: started) }
        writer.family(.brokerUp) { $0.sample(isTrue: situation.isBrokerHealthy) }
        writer.family(.sourceLastActivity) { writer in
            if let lastActivity { writer.sample(unix: lastActivity) }
        }
        writer.family(.waiters) { $0.sample(value: waiters) }
        writer.family(.waitDuration) { writer in
            for result in WaitResult.allCases {
                writer.histogram(counters.waits[result] ?? Histogram(bounds: HistogramBounds.wait), result.rawValue)
            }
        }
        writer.family(.workerMemory) { writer in
            for entry in memory { writer.sample(entry.worker, value: entry.bytes) }
        }
        writer.family(.requests) { writer in
            let order = counters.requests.sorted {
                ($0.key.route.rawValue, $0.key.status) < ($1.key.route.rawValue, $1.key.status)
            }
            for (key, count) in order { writer.sample(key.route.rawValue, String(key.status), value: count) }
        }
        writer.family(.requestDuration) { writer in
            for route in RouteName.allCases {
                if let histogram = counters.durations[route] { writer.histogram(histogram, route.rawValue) }
            }
        }
        return writer.bytes
    }

    /// Milliseconds of Unix time.
    private var started: Int64 {
        situation.sections.processes.flatMap { UTCTimestamp($0.manager.startedAt)?.milliseconds }
            ?? date(situation.rules.started)
    }

    private var lastActivity: Int64? {
        guard let source = situation.sections.source else { return nil }
        guard source.origin == SourceState.apiOrigin else {
            return source.readAt.flatMap { UTCTimestamp($0)?.milliseconds }
        }
        return source.configMaps.compactMap(\.lastByte).min().map(date)
    }

    private func date(_ time: MonotonicTime) -> Int64 {
        wall.milliseconds - (situation.now - time).milliseconds
    }
}

extension Answer {
    static func metrics(_ body: [UInt8]) -> Answer {
        Answer(status: 200, contentType: ExpositionWriter.contentType, body: body)
    }
}

extension ServerCore {
    /// The page for Prometheus, made on another thread: what the snapshot says, then what is live.
    func metrics(_ then: @escaping ([UInt8]) -> Void) {
        let snapshot = view.snapshot
        let situation = situation
        let live = LiveMetrics(
            situation: situation,
            counters: requestCounters,
            waiters: waiting,
            wall: WallClock.now()
        )
        let isBlocked = ProviderReadiness.blocker(situation) != nil
        aside(
            {
                let document = Document.metrics(isBlocked: isBlocked)
                let kept = snapshot.documents[document]
                let bytes = kept ?? document.encode(snapshot)
                if kept == nil { snapshot.documents.keep(bytes, for: document) }
                return bytes + live.encode(memory: snapshot.sections.processes.map { ResidentMemory.read($0) } ?? [])
            },
            then
        )
    }
}
