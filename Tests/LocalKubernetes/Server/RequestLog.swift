import Shared

/// The last requests, for `GET /_requests`. Never a token.
struct RequestLog: Sendable {
    /// At most so many entries.
    static let maximumEntries = 10_000

    struct Entry: Sendable {
        /// Counts from 1 and goes on after `DELETE`.
        var id = 0
        var at = WallClock.now()
        var method: String
        var path: String
        /// `get`, `list`, `watch` …; empty for what is no ConfigMap.
        var verb = ""
        var name: String?
        /// 0 if there is no answer.
        var status = 0
        /// Whether there was an `Authorization` header.
        var isAuthorized: Bool
        /// Whose it was; empty if nobody's.
        var user = ""
        var userAgent: String?
        var acceptEncoding: String?
        var accept: String?
        /// The fault that decided about it.
        var fault: String?
    }

    private var entries: [Entry] = []
    private var nextID = 1

    mutating func append(_ entry: Entry) {
        var entry = entry
        entry.id = nextID
        nextID += 1
        entries.append(entry)
        // Half of the array at a time, so that appending stays cheap.
        if entries.count >= Self.maximumEntries * 2 { entries.removeFirst(Self.maximumEntries) }
    }

    mutating func removeAll() { entries = [] }

    /// The entries with a greater `id`, oldest first.
    func json(since id: Int) -> JSONValue {
        .array(entries.suffix(Self.maximumEntries).filter { $0.id > id }.map(Self.json))
    }

    private static func json(_ entry: Entry) -> JSONValue {
        var object = JSONObject()
        object["id"] = .int(entry.id)
        object["at"] = .string(entry.at.rfc3339)
        object["method"] = .string(entry.method)
        object["path"] = .string(entry.path)
        object["verb"] = .string(entry.verb)
        object["name"] = entry.name.map { .string($0) }
        object["status"] = .int(entry.status)
        object["authorization"] = .bool(entry.isAuthorized)
        object["user"] = .string(entry.user)
        object["user_agent"] = entry.userAgent.map { .string($0) }
        object["accept_encoding"] = entry.acceptEncoding.map { .string($0) }
        object["accept"] = entry.accept.map { .string($0) }
        object["fault"] = entry.fault.map { .string($0) }
        return .object(object)
    }
}
