import Shared

/// A `Status` object: what the API answers when it does not answer with an object. Texts as recorded.
struct APIStatus: Error, Equatable, Sendable {
    /// One thing that is wrong with a request.
    struct Cause: Equatable, Sendable {
        var reason: String
        var message: String
        var field: String?
    }

    var code: Int
    var message: String
    var reason: String?
    var group: String?
    var name: String?
    var kind: String?
    var causes: [Cause] = []
    var retryAfter: Int?

    var json: JSONValue {
        var object = JSONObject()
        object["kind"] = "Status"
        object["apiVersion"] = "v1"
        object["metadata"] = .object(JSONObject())
        object["status"] = "Failure"
        object["message"] = .string(message)
        object["reason"] = reason.map { .string($0) }
        let details = details
        if !details.members.isEmpty { object["details"] = .object(details) }
        object["code"] = .int(code)
        return .object(object)
    }

    private var details: JSONObject {
        var details = JSONObject()
        details["name"] = name.map { .string($0) }
        details["group"] = group.map { .string($0) }
        details["kind"] = kind.map { .string($0) }
        if !causes.isEmpty {
            details["causes"] = .array(
                causes.map { cause in
                    var object = JSONObject()
                    object["reason"] = .string(cause.reason)
                    object["message"] = .string(cause.message)
                    object["field"] = cause.field.map { .string($0) }
                    return .object(object)
                }
            )
        }
        details["retryAfterSeconds"] = retryAfter.map { .int($0) }
        return details
    }

    /// The line a watch gets instead of an event.
    var errorEvent: [UInt8] { JSONWriter.compact(["type": "ERROR", "object": json]) }
}

extension APIStatus {
    static let unauthorized = APIStatus(code: 401, message: "Unauthorized", reason: "Unauthorized")
    static let tooLargeBody = APIStatus(
        code: 413,
        message: "Request entity too large: limit is \(APIRequest.maximumBodyBytes)",
        reason: "RequestEntityTooLarge"
    )
    static let expiredList = APIStatus(
        code: 410,
        message: "The resourceVersion for the provided list is too old.",
        reason: "Expired"
    )
    /// What an open watch gets when the version it stands at has been compacted (recording 07b).
    static let expiredWatch = APIStatus(
        code: 410,
        message: "The resourceVersion for the provided watch is too old.",
        reason: "Expired"
    )
    static let storageTimeout = APIStatus(code: 500, message: "context deadline exceeded", reason: "InternalError")
    static let shuttingDown = APIStatus(
        code: 503,
        message: "apiserver is shutting down",
        reason: "ServiceUnavailable",
        retryAfter: 1
    )
    static let methodNotAllowed = APIStatus(
        code: 405,
        message: "the server does not allow this method on the requested resource",
        reason: "MethodNotAllowed"
    )

    static func tooOld(_ version: Int, oldest: Int) -> APIStatus {
        APIStatus(code: 410, message: "too old resource version: \(version) (\(oldest))", reason: "Expired")
    }

    static func tooLarge(_ version: Int, current: Int) -> APIStatus {
        APIStatus(
            code: 504,
            message: "Timeout: Too large resource version: \(version), current: \(current)",
            reason: "Timeout",
            causes: [Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version")],
            retryAfter: 1
        )
    }

    static func badVersion(_ text: String) -> APIStatus {
        let message =
            "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax"
        return APIStatus(code: 500, message: message)
    }

    static func notFound(_ name: String) -> APIStatus {
        let message = "configmaps \"\(name)\" not found"
        return APIStatus(code: 404, message: message, reason: "NotFound", name: name, kind: "configmaps")
    }

    static func alreadyExists(_ name: String) -> APIStatus {
        let message = "configmaps \"\(name)\" already exists"
        return APIStatus(code: 409, message: message, reason: "AlreadyExists", name: name, kind: "configmaps")
    }

    static func conflict(_ name: String) -> APIStatus {
        let message =
            "Operation cannot be fulfilled on configmaps \"\(name)\": the object has been modified; "
            + "please apply your changes to the latest version and try again"
        return APIStatus(code: 409, message: message, reason: "Conflict", name: name, kind: "configmaps")
    }

    static func badRequest(_ message: String) -> APIStatus {
        APIStatus(code: 400, message: message, reason: "BadRequest")
    }

    /// An object or the options of a request break a rule.
    static func invalid(kind: String, group: String? = nil, name: String, causes: [Cause]) -> APIStatus {
        let texts = causes.map { "\($0.field ?? ""): \($0.message)" }
        let text = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        let title = group.map { "\(kind).\($0)" } ?? kind
        return APIStatus(
            code: 422,
            message: "\(title) \"\(name)\" is invalid: \(text)",
            reason: "Invalid",
            group: group,
            name: name.isEmpty ? nil : name,
            kind: kind,
            causes: causes
        )
    }
}
