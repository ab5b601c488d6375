import Shared

/// What the ConfigMaps together say, and whether the mounted directory must stand in for them: pure.
///
/// | The API | Desired set |
/// |---|---|
/// | not all have answered yet, in the first 2 s | as before |
/// | one that was followed earlier in this run is not followed again yet | as before; lost after 30 s |
/// | none was there in this run, one cannot be asked | the mounted directory, if there is one |
/// | the directory stands in, one came, another has not answered | the directory, for 30 s more at most |
/// | none was there in this run, all are absent | missing; the mounted directory, if there is one and nobody chose the name |
/// | else | what is there; one that was deleted is empty, one that cannot be followed for 30 s makes the whole lost |
struct SourceAssembly: Equatable, Sendable {
    let timing: WatchTiming
    /// A directory may stand in for a ConfigMap that does not exist: its name may be a default that nobody chose.
    let standsInForAbsent: Bool
    let start: MonotonicTime

    /// What to report.
    enum Decision: Equatable, Sendable {
        /// Nothing about the content yet.
        case asBefore
        /// - Parameter reason: Why, one sentence.
        case lost(reason: String)
        /// There is nothing: contracts of a directory that stood in do not count any more.
        case missing(reason: String)
        /// The directory, if there is one; else the source is missing.
        case directory(code: String, reason: String)
        /// - Parameter lost: Why a part of it may be old; `nil`: nothing is.
        case content(lost: String?)
    }

    /// - Parameter standInSince: The directory has been standing in, and that is when the first ConfigMap came through the
    ///   API meanwhile; `nil` where either is not so.
    func decide(_ watches: [ConfigMapWatch], standInSince: MonotonicTime? = nil, now: MonotonicTime) -> Decision {
        // What never came and cannot be asked for any more is as open as at the start.
        let open = watches.filter { watch in
            if !watch.isAnswered { return true }
            guard !watch.state.wasDelivered, let since = watch.state.problemSince else { return false }
            return now - since >= timing.loss
        }
        if now - start < timing.start {
            // The directory stands in at once; it is not taken away again for the first that answers.
            let isPartial = !open.isEmpty && watches.contains(where: \.state.wasDelivered)
            if isPartial || open.contains(where: { $0.state.problem == nil }) { return .asBefore }
        }
        if let first = open.first(where: \.state.wasDelivered) {
            guard now - start >= timing.loss else { return .asBefore }
            return .lost(reason: Self.reason(first))
        }
        guard watches.contains(where: \.state.wasDelivered) else { return nothingYet(watches, open) }
        // All at once: what the directory has of the others is not taken away for the first that answers.
        if let standInSince, !open.isEmpty, now - standInSince < timing.loss { return nothingYet(watches, open) }
        let lost = watches.first { watch in
            guard watch.state.wasDelivered, let since = watch.state.problemSince else { return false }
            return now - since >= timing.loss
        }
        return .content(lost: lost.map(Self.reason))
    }

    /// When the decision may change by time alone.
    func deadline(
        _ watches: [ConfigMapWatch],
        standInSince: MonotonicTime? = nil,
        now: MonotonicTime
    ) -> MonotonicTime? {
        var deadlines =
            (standInSince.map { [$0 + timing.loss] } ?? [])
            + watches.compactMap { $0.state.problemSince.map { $0 + timing.loss } }
        if watches.contains(where: { !$0.isAnswered }) { deadlines += [start + timing.start, start + timing.loss] }
        return deadlines.filter { $0 > now }.min()
    }

    private func nothingYet(_ watches: [ConfigMapWatch], _ open: [ConfigMapWatch]) -> Decision {
        if let first = open.first {
            return .directory(code: first.state.problem?.code ?? "no answer", reason: Self.reason(first))
        }
        let names = watches.map(\.state.fullName).joined(separator: ", ")
        let isOne = watches.count == 1
        let reason =
            "\(isOne ? "ConfigMap" : "ConfigMaps") \(names) \(isOne ? "does" : "do") not exist; create "
            + "\(isOne ? "it" : "them") or correct CONFIGMAP_NAME and NAMESPACE"
        return standsInForAbsent ? .directory(code: "not found", reason: reason) : .missing(reason: reason)
    }

    static func reason(_ watch: ConfigMapWatch) -> String {
        watch.state.problem?.detail
            ?? "\(watch.explanation.place) has not said yet what ConfigMap \(watch.state.fullName) holds"
    }
}

extension Settings {
    /// With `auto` and no `CONFIGMAP_NAME` nobody has said that the contracts are in a ConfigMap of that name.
    var directoryStandsInForAbsent: Bool { contractSource == .auto && !namesConfigMaps }
}
