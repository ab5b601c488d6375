import NIOCore
import Shared

/// One open watch.
final class Watch {
    let id: Int
    let selection: Selection
    let form: ConfigMap.Form
    let options: WatchOptions
    /// For `GET /_watches`.
    let user: String
    let target: String
    let userAgent: String?
    let names: String?
    let connection: Connection
    /// The last version it has seen, or started from.
    private(set) var position: Int
    private(set) var isStalled = false
    private var drop: (bytes: Int, reset: Bool)?
    private var timers: [Scheduled<Void>] = []
    private var events = 0

    init(_ setup: Setup, id: Int, connection: Connection, position: Int) {
        self.id = id
        self.connection = connection
        self.position = position
        selection = setup.selection
        form = setup.form
        options = setup.options
        user = setup.user
        target = setup.target
        userAgent = setup.userAgent
        names = setup.name
    }

    /// What is known of a watch before it is opened.
    struct Setup {
        var selection: Selection
        var form: ConfigMap.Form
        var options: WatchOptions
        var user: String
        var target: String
        var userAgent: String?
        /// The one name it is about.
        var name: String?
    }

    /// Sends a change, if it is one for this watch and it can still get it.
    func deliver(_ event: ConfigMapStore.Event) {
        // A version that the watch has passed comes from a server that was set back: it stays silent.
        guard event.version > position else { return }
        guard let seen = WatchEvent.seen(event, by: selection) else { return }
        send(WatchEvent.line(seen.kind, seen.object, form))
        position = event.version
    }

    /// Sends what exists.
    func deliverInitial(_ objects: [ConfigMap]) {
        for object in objects where selection.accepts(object) { send(WatchEvent.line("ADDED", object, form)) }
    }

    func bookmark(_ version: Int, endsInitialEvents: Bool = false) {
        guard options.allowsBookmarks, version >= position else { return }
        send(WatchEvent.bookmark(version, form, endsInitialEvents: endsInitialEvents))
        position = version
    }

    func perform(_ effect: FaultRule.WatchEffect) {
        switch effect {
        case .error(let status):
            send((status ?? .expiredWatch).errorEvent)
            end()
        case .stall: isStalled = true
        case .drop(let bytes, let reset): drop = (bytes, reset)
        case .cut(let reset):
            stop()
            connection.close(reset: reset)
        case .end: end()
        case .drip(let pause): connection.drip(every: pause)
        }
    }

    /// A clean end of the stream.
    func end() {
        stop()
        if !isStalled { connection.endStream() }
    }

    /// Nothing more is to come.
    func stop() {
        for timer in timers { timer.cancel() }
        timers = []
    }

    func add(_ timer: Scheduled<Void>) { timers.append(timer) }

    private func send(_ line: [UInt8]) {
        if isStalled { return }
        events += 1
        if let drop {
            isStalled = true
            stop()
            connection.cut(line: line, after: drop.bytes, reset: drop.reset)
        } else {
            connection.write(line: line)
        }
    }

    /// For `GET /_watches`.
    var json: JSONValue {
        var object = JSONObject()
        object["id"] = .int(id)
        object["path"] = .string(target)
        object["user"] = .string(user)
        object["user_agent"] = userAgent.map { .string($0) }
        object["name"] = names.map { .string($0) }
        object["resource_version"] = options.version.map { .string(String($0)) }
        object["position"] = .string(String(position))
        object["bookmarks"] = .bool(options.allowsBookmarks)
        object["initial_events"] = .bool(options.sendsInitialEvents)
        object["timeout_seconds"] = .int(Int(options.timeout.milliseconds / 1000))
        object["metadata_only"] = .bool(form == .metadata)
        object["stalled"] = .bool(isStalled)
        object["events"] = .int(events)
        return .object(object)
    }
}
