/// How one ConfigMap is followed through the Kubernetes API.
package struct ConfigMapState: Codable, Equatable, Sendable {
    package var namespace: String
    package var name: String
    package var connection: Connection
    package var presence: Presence
    /// It was there at least once in this run: from then on the mounted directory is never used for it again.
    package var wasDelivered: Bool
    /// RFC 3339, UTC: since when the present watch is open; `nil` while none is.
    package var connectedSince: String?
    /// When the last byte came from the API, in milliseconds of CLOCK_MONOTONIC. Bookmarks come every minute.
    package var lastByte: MonotonicTime?
    /// The newest one that was told; opaque.
    package var resourceVersion: String?
    package var uid: String?
    /// How the initial state is asked for.
    package var mode: Mode
    /// Why it is not followed just now; `nil` while it is.
    package var problem: Problem?
    /// Since when there has been a problem without a break, in milliseconds of CLOCK_MONOTONIC.
    package var problemSince: MonotonicTime?
    /// How often the watch was begun anew in this run, by ``WatchRestart``.
    package var restarts: [String: Int]

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
        connection = .connecting
        presence = .unknown
        wasDelivered = false
        connectedSince = nil
        lastByte = nil
        resourceVersion = nil
        uid = nil
        mode = .streamingList
        problem = nil
        problemSince = nil
        restarts = [:]
    }

    package enum Connection: String, Codable, Sendable {
        case connecting
        /// Open, but the initial state is not complete.
        case synchronizing
        case watching
        /// Waits before it tries again.
        case waiting
    }

    package enum Presence: String, Codable, Sendable {
        case unknown
        case present
        case absent
    }

    /// Which requests a server takes (Tests/Fixtures/kubernetes).
    package enum Mode: String, Codable, Sendable {
        /// `sendInitialEvents`: state and changes in one request.
        case streamingList = "streaming_list"
        case listAndWatch = "list_and_watch"
        /// For a role without `list` on a server without streaming lists.
        case getAndWatch = "get_and_watch"
    }

    /// What keeps the API from being used.
    package struct Problem: Codable, Equatable, Sendable {
        /// One word or two: `forbidden`, `unauthorized`, `refused`, `timeout`, `TLS`.
        package var code: String
        /// One sentence with what to do, at most 1 KiB.
        package var detail: String

        /// The ``code`` of a token that is refused.
        package static let unauthorized = "unauthorized"

        package init(code: String, detail: String) {
            self.code = code
            self.detail = StateLimits.cut(detail)
        }
    }

    /// `pact/pact-contracts`.
    package var fullName: String { "\(namespace)/\(name)" }
}

/// Why a watch is begun anew.
package enum WatchRestart: String, Sendable, CaseIterable {
    /// The server ended it when its time was up.
    case ended
    /// 410: its history does not reach back so far.
    case expired
    /// The connection broke.
    case dropped
    /// Nothing came for too long.
    case silent
    /// A plain GET shows another object than the watch does.
    case mismatch
    /// The server told of an error of its own in the stream.
    case error
    /// No connection, or an HTTP status that is no stream.
    case refused
    /// A line that is too long or no event.
    case unreadable
}
