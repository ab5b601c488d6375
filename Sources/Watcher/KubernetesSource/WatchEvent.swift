import Shared

/// One line of a watch.
enum WatchEvent: Equatable, Sendable {
    case added(ConfigMapObject)
    case modified(ConfigMapObject)
    /// The last content, with the version of the deletion.
    case deleted(ConfigMapObject)
    /// - isInitialEnd: The initial state that `sendInitialEvents` asked for is complete.
    case bookmark(resourceVersion: String, isInitialEnd: Bool)
    case error(KubernetesStatus)
    /// A type that does not exist yet: nothing to do with us.
    case other

    /// - Throws: A sentence if the line is no event.
    init(line: [UInt8]) throws(WatchEventError) {
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONReader.parse(line, options: .init(maximumDepth: 512))
        } catch {
            throw WatchEventError(reason: "a line of the watch is not JSON: \(error.description)")
        }
        guard let type = value["type"]?.string, let object = value["object"], object.object != nil else {
            throw WatchEventError(reason: "a line of the watch is no event: it has no type or no object")
        }
        switch type {
        case "ADDED": self = .added(try Self.configMap(object, type))
        case "MODIFIED": self = .modified(try Self.configMap(object, type))
        case "DELETED": self = .deleted(try Self.configMap(object, type))
        case "BOOKMARK":
            guard let version = object["metadata"]?["resourceVersion"]?.string, !version.isEmpty else {
                throw WatchEventError(reason: "a bookmark of the watch has no resourceVersion")
            }
            let end = object["metadata"]?["annotations"]?["k8s.io/initial-events-end"]?.string
            self = .bookmark(resourceVersion: version, isInitialEnd: end == "true")
        case "ERROR": self = .error(KubernetesStatus(object))
        default: self = .other
        }
    }

    private static func configMap(_ value: JSONValue, _ type: String) throws(WatchEventError) -> ConfigMapObject {
        if let object = ConfigMapObject(value) { return object }
        throw WatchEventError(reason: "an event \(type) of the watch holds no ConfigMap")
    }
}

/// Why a line is no event, one sentence.
struct WatchEventError: Error, Equatable {
    var reason: String
}

/// The API's own way to say that something failed: the body of an answer, or the object of an ERROR event.
struct KubernetesStatus: Equatable, Sendable {
    /// As an HTTP status; 0 if it says none.
    var code = 0
    /// `Expired`, `Forbidden` … ; empty if it says none.
    var reason = ""
    var message = ""
    init(code: Int = 0, reason: String = "", message: String = "") {
        self.code = code
        self.reason = reason
        self.message = message
    }

    init(_ value: JSONValue) {
        code = value["code"]?.int ?? 0
        reason = value["reason"]?.string ?? ""
        message = value["message"]?.string ?? ""
    }

    /// - Returns: `nil` if the body is no Status: a proxy's page, or the plain text of a 429.
    init?(body: [UInt8]) {
        guard let value = try? JSONReader.parse(body), value["kind"]?.string == "Status" else { return nil }
        self.init(value)
    }

    /// The history does not reach back so far: start over. `Gone` came from servers of Kubernetes 1.17 and before.
    var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }
}
