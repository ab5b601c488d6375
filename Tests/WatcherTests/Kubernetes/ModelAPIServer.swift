import Shared
import SharedHTTP

@testable import Watcher

/// What a Kubernetes API server and its etcd do with one ConfigMap, as measured (Tests/Fixtures/kubernetes), without time.
///
/// Each state that it ever had has a number, so that what a watch delivers can be ordered.
struct ModelAPIServer {
    struct Object: Equatable {
        var uid: Int
        var version: Int
        var content: Int
    }

    enum Mode: CaseIterable {
        case streamingLists
        /// 422 to `sendInitialEvents`.
        case refusesStreamingLists
        /// As servers that do not know the parameter.
        case ignoresStreamingLists
    }

    struct Change {
        var revision: Int
        var event: WatchEvent
    }

    let mode: Mode
    let allowsList: Bool
    private(set) var revision = 100
    private(set) var object: Object?
    private(set) var history: [Change] = []
    /// A watch from before this version is told that it is too old.
    private(set) var oldest = 100
    private var serial = 0
    /// The number of the newest state that looks like this; "absent" is looked up in the list below.
    private var numbers: [String: Int] = [:]
    private var absences: [Int] = []
    private var backup: (revision: Int, object: Object?)?
    private var lastUID = 0
    private var lastContent = 0

    init(mode: Mode, allowsList: Bool) {
        self.mode = mode
        self.allowsList = allowsList
        note()
    }

    // MARK: - Writes

    mutating func edit() {
        lastContent += 1
        if var object {
            revision += 1
            object.version = revision
            object.content = lastContent
            self.object = object
            record(.modified(Self.configMap(object)))
        } else {
            create()
        }
    }

    /// The same content under another version.
    mutating func annotate() {
        guard var object else { return otherWrite() }
        revision += 1
        object.version = revision
        self.object = object
        record(.modified(Self.configMap(object)))
    }

    mutating func delete() {
        guard var last = object else { return otherWrite() }
        revision += 1
        last.version = revision
        object = nil
        record(.deleted(Self.configMap(last)))
    }

    /// Something else in the cluster was written.
    mutating func otherWrite() { revision += 1 }

    private mutating func create() {
        revision += 1
        lastUID += 1
        let new = Object(uid: lastUID, version: revision, content: lastContent)
        object = new
        record(.added(Self.configMap(new)))
    }

    private mutating func record(_ event: WatchEvent) {
        history.append(Change(revision: revision, event: event))
        note()
    }

    mutating func forgetHistory() {
        history = []
        oldest = revision
    }

    mutating func takeBackup() { backup = (revision, object) }

    /// The state goes back, and versions will be given out a second time.
    ///
    /// - Returns: Whether there is a backup.
    mutating func restore() -> Bool {
        guard let backup else { return false }
        (revision, object) = backup
        forgetHistory()
        note()
        return true
    }

    // MARK: - What it was

    private mutating func note() {
        serial += 1
        if let object { numbers[Self.key(Self.configMap(object))] = serial } else { absences.append(serial) }
    }

    /// The number of a state that looks like `found` and is not older than `floor`.
    func number(_ found: ConfigMapObject?, from floor: Int) -> Int? {
        guard let found else { return absences.first { $0 >= floor } }
        return numbers[Self.key(found)].flatMap { $0 >= floor ? $0 : nil }
    }

    private static func key(_ object: ConfigMapObject) -> String {
        var text = "\(object.uid)/\(object.resourceVersion)"
        if case .bytes(let bytes) = object.values.first?.content {
            text += "/" + String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    // MARK: - Answers

    private static let template = ConfigMapObject.sample()

    static func configMap(_ object: Object) -> ConfigMapObject {
        var map = template
        map.uid = "u\(object.uid)"
        map.resourceVersion = "\(object.version)"
        map.values[0].content = .bytes(utf8("\(object.content)"))
        return map
    }

    private static func json(_ object: Object) -> String {
        configMapJSON(version: "\(object.version)", uid: "u\(object.uid)", data: "\(object.content)")
    }

    func get() -> HTTPResponse {
        object.map { .sample(200, Self.json($0)) } ?? .sample(404, statusJSON(404, "NotFound"))
    }

    func list() -> HTTPResponse {
        guard allowsList else { return .sample(403, statusJSON(403, "Forbidden")) }
        return .sample(
            200,
            object.map { listJSON(version: "\(revision)", Self.json($0)) } ?? listJSON(version: "\(revision)")
        )
    }

    enum WatchAnswer {
        case refused(HTTPResponse)
        /// The stream, and the revision up to which it has told everything.
        case stream([WatchEvent], upTo: Int)
        /// One ERROR event, then the end.
        case expired
    }

    func watch(_ start: WatchRequest.Start) -> WatchAnswer {
        switch start {
        case .initialEvents where mode == .refusesStreamingLists:
            return .refused(.sample(422, statusJSON(422, "Invalid")))
        case .initialEvents, .present:
            var events = object.map { [WatchEvent.added(Self.configMap($0))] } ?? []
            if start == .initialEvents, mode == .streamingLists {
                events.append(.bookmark(resourceVersion: "\(revision)", isInitialEnd: true))
            }
            return .stream(events, upTo: revision)
        case .version(let text):
            guard let version = Int(text) else { return .refused(.sample(500)) }
            if version < oldest { return .expired }
            // One from the future: silence, until the revision is there.
            return .stream(history.filter { $0.revision > version }.map(\.event), upTo: max(version, revision))
        }
    }
}
