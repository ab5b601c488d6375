import Logging
import Shared

extension PlanNote {
    /// How much people want to know it.
    var level: Logger.Level {
        switch self {
        case .published, .dropped, .versionMoved, .pacticipantCreated, .certificatesChanged: .info
        case .repairing, .failed, .superseded, .brokerWarning, .readingOneByOne, .labelRefused, .fileMissing,
            .delayed:
            .warning
        }
    }

    /// One constant sentence.
    var message: String {
        switch self {
        case .published(_, _, _, isChange: _, wasThere: true): "contract was in the broker already"
        case .published(_, _, _, isChange: false, wasThere: false): "contract published"
        case .published(_, _, _, isChange: true, wasThere: false): "changed contract published"
        case .delayed: "publishing does not get through; it is tried again"
        case .repairing: "contract is published again"
        case .failed: "contract refused"
        case .superseded: "somebody else's later version is the latest"
        case .versionMoved: "consumer moves to another version number"
        case .dropped(_, version: nil): "contract no longer managed"
        case .dropped: "contract no longer managed; it stays in the broker"
        case .brokerWarning: "warning of the broker"
        case .pacticipantCreated: "pacticipant created"
        case .fileMissing: "contract's file is missing or damaged; waiting for the watcher to store it again"
        case .labelRefused: "the broker does not take a label of the version"
        case .certificatesChanged: "certificates or key have changed; the broker is connected to anew"
        case .readingOneByOne: "the broker's list of pacts is not usable; reading pacts one by one"
        }
    }

    /// The values.
    var fields: [String: String] {
        switch self {
        case .published(let key, let version, let createdAt, _, _):
            key.fields(["version": version, "published_at": createdAt])
        case .repairing(let key, let kind, let detail): key.fields(["cause": kind.rawValue, "reason": detail])
        case .failed(let key, let failure):
            key.fields([
                "cause": failure.kind, "reason": failure.reason,
                "differs_at": failure.jsonPaths.isEmpty ? nil : failure.jsonPaths.joined(separator: " "),
            ])
        case .delayed(let consumer, let contracts, let reason):
            ["consumer": consumer, "contracts": "\(contracts)", "reason": reason]
        case .superseded(let key, let version, let createdAt):
            key.fields(["version": version, "created_at": createdAt])
        case .versionMoved(let consumer, let from, let to, let reason):
            ["consumer": consumer, "from": from, "to": to, "reason": reason]
        case .dropped(let key, let version): key.fields(["version": version])
        case .brokerWarning(let consumer, let text): ["consumer": consumer, "reason": text]
        case .pacticipantCreated(let name): ["name": name]
        case .labelRefused(let label, let reason):
            ["consumer": label.consumer, "version": label.version, "label": "\(label.kind)", "reason": reason]
        case .fileMissing(let key, let sha256): key.fields(["sha256": sha256])
        case .readingOneByOne(let reason): ["reason": reason]
        case .certificatesChanged: [:]
        }
    }
}

extension PairKey {
    fileprivate func fields(_ others: [String: String?]) -> [String: String] {
        var fields = ["consumer": consumer, "provider": provider]
        for (name, value) in others { fields[name] = value }
        return fields
    }
}
