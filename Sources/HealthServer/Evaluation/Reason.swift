internal import Shared

/// Why something is not ready, or is worth a warning although it is.
struct Reason: Hashable, Sendable {
    var code: Code
    /// One sentence for people.
    var detail: String

    /// The stable names of docs/endpoints.md's table.
    enum Code: Hashable, Sendable {
        /// SIGTERM was seen.
        case stopping
        /// Nothing of this run has been written to the state yet.
        case starting
        case stateNotWritable
        case sourceUnread
        case sourceMissing
        /// Knowledge about the broker is too old: the publisher is dead, hung, or not started.
        case publisherSilent
        case broker(BrokerState.Status)
        /// The broker is not ready, as the provider endpoints say it.
        case brokerUnavailable
        case pending
        case failed
        case invalid
        case noContracts
        /// Warning: the source was read, and cannot be read now.
        case sourceStale
        /// Warning: the directory stands in for a Kubernetes API that cannot be used.
        case sourceFallback
        /// Warning: what else is odd about the source (a subPath mount, a deleted or nearly full ConfigMap).
        case sourceWarning
        /// Warning: the watcher is dead or hung, so that edits are not seen.
        case watcherSilent
        case stale
        case superseded
        /// Provider endpoint: no desired contract has the revision that was asked for.
        case revisionUnknown

        var text: String {
            switch self {
            case .stopping: "stopping"
            case .starting: "starting"
            case .stateNotWritable: "state_not_writable"
            case .sourceUnread: "source_unread"
            case .sourceMissing: "source_missing"
            case .publisherSilent: "publisher_silent"
            case .broker(let status): "broker_\(status.rawValue)"
            case .brokerUnavailable: "broker_unavailable"
            case .pending: "pending"
            case .failed: "failed"
            case .invalid: "invalid"
            case .noContracts: "no_contracts"
            case .sourceStale: "source_stale"
            case .sourceFallback: "source_fallback"
            case .sourceWarning: "source_warning"
            case .watcherSilent: "watcher_silent"
            case .stale: "stale"
            case .superseded: "superseded"
            case .revisionUnknown: "revision_unknown"
            }
        }
    }
}
