import Shared

/// The last requests, for `GET /_requests`.
struct RequestLog: Sendable {
    /// At most so many entries.
    static let maximumEntries = 10_000
    /// Contract bytes kept in all entries together; beyond it the oldest lose theirs.
    static let maximumContentBytes = 256 << 20

    /// A contract of a publication.
    struct Contract: Sendable {
        var pair: PairKey
        var version: String
        /// Decoded; `nil` once it had to make room.
        var content: [UInt8]?
    }

    struct Entry: Sendable {
        /// Counts from 1 and goes on after `DELETE`.
        var id = 0
        var method: String
        var path: String
        /// 0 if there is no answer.
        var status: Int
        /// Of the request's body.
        var bytes: Int
        var at: WallClock
        var bodySHA256: String
        /// The fault that decided about it.
        var fault: String?
        var contracts: [Contract] = []
    }

    private(set) var entries: [Entry] = []
    private var nextID = 1
    private var contentBytes = 0
    /// Entries before this one have lost their contents.
    private var firstWithContent = 1

    mutating func append(_ entry: Entry) {
        var entry = entry
        entry.id = nextID
        nextID += 1
        entries.append(entry)
        contentBytes += Self.size(entry)
        if entries.count >= Self.maximumEntries * 2 { dropOldest() }
        while contentBytes > Self.maximumContentBytes, firstWithContent < entry.id { forgetContents() }
    }

    mutating func removeAll() {
        entries = []
        contentBytes = 0
        firstWithContent = nextID
    }

    /// The entries with a greater `id`, oldest first.
    func json(since id: Int) -> JSONValue {
        .array(entries.suffix(Self.maximumEntries).filter { $0.id > id }.map(Self.json))
    }

    private static func size(_ entry: Entry) -> Int {
        entry.contracts.reduce(0) { $0 + ($1.content?.count ?? 0) }
    }

    /// Half of the array at a time, so that appending stays cheap.
    private mutating func dropOldest() {
        let dropped = entries.prefix(entries.count - Self.maximumEntries)
        contentBytes -= dropped.reduce(0) { $0 + Self.size($1) }
        entries.removeFirst(dropped.count)
        firstWithContent = max(firstWithContent, entries.first?.id ?? nextID)
    }

    private mutating func forgetContents() {
        let index = firstWithContent - (entries.first?.id ?? 1)
        if entries.indices.contains(index) {
            contentBytes -= Self.size(entries[index])
            for contract in entries[index].contracts.indices { entries[index].contracts[contract].content = nil }
        }
        firstWithContent += 1
    }

    private static func json(_ entry: Entry) -> JSONValue {
        var object = JSONObject()
        object["id"] = .int(entry.id)
        object["at"] = .string(entry.at.rfc3339)
        object["method"] = .string(entry.method)
        object["path"] = .string(entry.path)
        object["status"] = .int(entry.status)
        object["bytes"] = .int(entry.bytes)
        object["body_sha256"] = .string(entry.bodySHA256)
        object["fault"] = entry.fault.map { .string($0) }
        object["contracts"] = .array(
            entry.contracts.map { contract in
                [
                    "consumer": .string(contract.pair.consumer), "provider": .string(contract.pair.provider),
                    "version": .string(contract.version),
                    "content_base64": contract.content.map { .string(Base64.encodeToString($0)) } ?? nil,
                ]
            }
        )
        return .object(object)
    }
}
