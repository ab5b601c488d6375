import Shared
import SharedHTTP

@testable import Watcher

/// A ``ConfigMapWatch`` with a clock of its own. What it does is told in words: `watch 12 new`, `list`.
struct WatchDriver {
    var watch: ConfigMapWatch
    var now = at(0)
    /// 0.5: a wait of `d` lasts three quarters of it.
    var random = 0.5
    var timing: WatchTiming { watch.timing }

    /// Without the early first look with a GET, which only its own test wants.
    static let calm: WatchTiming = {
        var timing = WatchTiming()
        timing.firstCheck = timing.check
        return timing
    }()

    init(timing: WatchTiming = WatchDriver.calm, previous: ConfigMapState? = nil) {
        watch = ConfigMapWatch(
            namespace: "pact",
            name: "contracts",
            previous: previous,
            explanation: .sample(),
            timing: timing,
            now: now
        )
    }

    /// One that follows version 10, resumed from `bookmark`, for `age`.
    static func watching(bookmark: String = "20", for age: Duration = .seconds(10)) -> WatchDriver {
        var driver = WatchDriver()
        driver.send(.time)
        driver.send(.opened)
        driver.send(.event(.added(.sample())))
        driver.send(.event(.bookmark(resourceVersion: bookmark, isInitialEnd: true)))
        driver.now = driver.now + age
        return driver
    }

    /// With the turn that follows at once where something is due at once.
    @discardableResult
    mutating func send(_ input: ConfigMapWatch.Input) -> [String] {
        var actions = watch.handle(input, now: now, random: random)
        if let deadline = watch.deadline, deadline <= now {
            actions += watch.handle(.time, now: now, random: random)
        }
        return actions.compactMap(\.words)
    }

    /// Lets time pass, and nothing happen.
    @discardableResult
    mutating func pass(_ duration: Duration) -> [String] {
        now = now + duration
        return send(.time)
    }

    /// Lets time pass up to the deadline.
    @discardableResult
    mutating func passToDeadline() -> [String] {
        now = max(now, watch.deadline ?? now)
        return send(.time)
    }

    mutating func answer(_ status: Int, _ body: String = "", headers: [(String, String)] = []) -> [String] {
        send(.ended(.answer(.sample(status, body, headers: headers))))
    }

    mutating func get(_ status: Int, _ body: String) -> [String] {
        send(.got(.success(.sample(status, body))))
    }

    mutating func list(_ status: Int, _ body: String) -> [String] {
        send(.listed(.success(.sample(status, body))))
    }

    /// How long it waits; `nil`: it does not.
    var wait: Duration? {
        if case .waiting(let until) = watch.phase { until - now } else { nil }
    }

    var isWatching: Bool {
        if case .watching = watch.phase { true } else { false }
    }

    /// Bytes of the one key.
    var text: String? {
        guard case .bytes(let bytes) = watch.object?.values.first?.content else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ConfigMapWatch.Action {
    var words: String? {
        switch self {
        case .watch(let request):
            let new = request.needsNewConnection ? " new" : ""
            switch request.start {
            case .initialEvents: return "watch initial\(new)"
            case .present: return "watch present\(new)"
            case .version(let version): return "watch \(version)\(new)"
            }
        case .list: return "list"
        case .get: return "get"
        case .cancel: return "cancel"
        case .refreshCredentials: return "refresh"
        case .deliver: return "deliver"
        case .log: return nil
        }
    }
}

/// The JSON of a ConfigMap as a GET gives it.
func configMapJSON(
    _ name: String = "contracts",
    version: String = "10",
    uid: String = "u1",
    data: String? = "old",
    extra: String = ""
) -> String {
    let values = data.map { #","data":{"a.json":"\#($0)"}"# } ?? ""
    return #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"pact","uid":"\#(uid)","#
        + #""resourceVersion":"\#(version)"\#(extra)}\#(values)}"#
}

/// A Status, as the API gives it.
func statusJSON(_ code: Int, _ reason: String, _ message: String = "m", details: String = "") -> String {
    #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","#
        + #""reason":"\#(reason)"\#(details),"code":\#(code)}"#
}

func listJSON(version: String, _ items: String...) -> String {
    #"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"},"#
        + #""items":[\#(items.joined(separator: ","))]}"#
}

extension ConfigMapObject {
    /// - Parameter json: Made here: it is one.
    static func of(_ json: String) -> ConfigMapObject {
        guard let value = try? JSONReader.parse(utf8(json)), let object = ConfigMapObject(value) else {
            preconditionFailure("no ConfigMap: \(json)")
        }
        return object
    }

    static func sample(
        _ name: String = "contracts",
        version: String = "10",
        uid: String = "u1",
        data: String? = "old",
        extra: String = ""
    ) -> ConfigMapObject {
        .of(configMapJSON(name, version: version, uid: uid, data: data, extra: extra))
    }
}

extension HTTPResponse {
    static func sample(_ status: Int, _ body: String = "", headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: HTTPHeaders(headers), body: utf8(body))
    }
}

extension KubernetesExplanation {
    static func sample(
        tokenFile: String = "/token",
        caFile: String = "/ca.crt",
        names: [String] = ["contracts"]
    ) -> KubernetesExplanation {
        guard let url = BaseURL("https://10.0.0.1:443") else { preconditionFailure("no URL") }
        let settings = KubernetesSettings(url: url, tokenFile: tokenFile, caFile: caFile)
        return KubernetesExplanation(settings: settings, namespace: "pact", names: names)
    }
}
