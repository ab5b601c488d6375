internal import Shared

extension Document {
    /// The metrics that depend on nothing but the snapshot, and on whether all providers are blocked.
    static func metrics(_ snapshot: RunSnapshot, isBlocked: Bool) -> [UInt8] {
        var writer = ExpositionWriter(reserving: 12 * 1024 + snapshot.contracts.count * 220)
        writer.family(.buildInfo) { $0.sample(BuildVersion.number, value: 1) }
        writer.write(snapshot.sections.broker)
        writer.family(.contracts) { writer in
            for state in PairState.allCases {
                let count = state == .invalid ? snapshot.counts.invalid : snapshot.counts[state]
                writer.sample(state.rawValue, value: count)
            }
        }
        writer.family(.providerReady) { writer in
            for provider in snapshot.providers {
                writer.sample(provider.name, isTrue: provider.reason == nil && !isBlocked)
            }
        }
        writer.family(.contractPublished) { writer in
            for contract in snapshot.contracts {
                guard let time = contract.publishedAt else { continue }
                writer.sample(contract.desired.consumer, contract.desired.provider, unix: time.milliseconds)
            }
        }
        writer.write(snapshot.sections.publication)
        writer.write(snapshot.sections.source)
        writer.write(snapshot.sections.processes?.workers ?? [])
        return writer.bytes
    }
}

/// Values of labels that are shown from the start: a counter that appears with its first event has no rate of it.
private enum LabelValues {
    static let attempts = [
        "created", "unchanged", "conflict", "similar_name", "rejected", "unauthorized", "unavailable", "timeout",
    ]
    static let repairs = ["missing", "not_latest", "different"]
    static let restarts = ["exit", "signal", "heartbeat", "spawn"]
    static let probes = BrokerState.Status.allCases.filter { $0 != .unknown }.map(\.rawValue)
    static let sourceRestarts = WatchRestart.allCases.map(\.rawValue)
}

extension ExpositionWriter {
    /// One sample for each of `known`, and for whatever else was counted.
    fileprivate mutating func counts(_ counts: [String: Int], known: [String]) {
        for value in known { sample(value, value: counts[value] ?? 0) }
        for (value, count) in counts.sorted(by: { $0.key < $1.key }) where !known.contains(value) {
            sample(value, value: count)
        }
    }

    fileprivate mutating func write(_ broker: BrokerState?) {
        family(.brokerProbes) { $0.counts(broker?.checks ?? [:], known: LabelValues.probes) }
        family(.brokerProbeDuration) {
            $0.histogram(broker?.probeDuration ?? Histogram(bounds: HistogramBounds.brokerProbe))
        }
        family(.brokerLastSuccess) { writer in
            guard let time = broker?.lastSuccessAt.flatMap({ UTCTimestamp($0) }) else { return }
            writer.sample(unix: time.milliseconds)
        }
    }

    fileprivate mutating func write(_ publication: PublicationState?) {
        let counters = publication?.counters ?? PublicationState.Counters()
        family(.publishAttempts) { $0.counts(counters.attempts, known: LabelValues.attempts) }
        family(.publishDuration) { $0.histogram(counters.publishDuration) }
        family(.publishQueue) { writer in
            if let publication { writer.sample(value: publication.queueLength) }
        }
        family(.changeToPublished) { $0.histogram(counters.changeToPublished) }
        family(.repairs) { $0.counts(counters.repairs, known: LabelValues.repairs) }
    }

    fileprivate mutating func write(_ source: SourceState?) {
        family(.sourceConnected) { writer in
            writer.sample("api", isTrue: source?.isFollowedThroughAPI ?? false)
            writer.sample("directory", isTrue: source?.isReadFromDirectory ?? false)
        }
        family(.sourceRestarts) { writer in
            let restarts = (source?.configMaps ?? []).map(\.restarts)
            writer.counts(
                restarts.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) },
                known: LabelValues.sourceRestarts
            )
        }
    }

    fileprivate mutating func write(_ workers: [ProcessesState.Worker]) {
        family(.workerUp) { writer in
            for worker in workers { writer.sample(worker.name, isTrue: worker.phase == .ready) }
        }
        family(.workerRestarts) { writer in
            for worker in workers {
                for reason in LabelValues.restarts {
                    writer.sample(worker.name, reason, value: worker.restartsByReason[reason] ?? 0)
                }
            }
        }
        family(.logLinesDropped) { writer in
            for worker in workers { writer.sample(worker.name, value: worker.droppedLogLines) }
        }
    }
}

extension SourceState {
    /// Contracts come through the API, and an edit of any ConfigMap would be seen now.
    var isFollowedThroughAPI: Bool {
        origin == SourceState.apiOrigin && status == .present && missingConfigMaps.isEmpty
            && configMaps.allSatisfy { $0.connection == .watching }
    }

    /// Contracts come from the directory, and it could be read when it was looked at last.
    var isReadFromDirectory: Bool { origin.hasPrefix(SourceState.directoryOrigin) && status == .present }
}
