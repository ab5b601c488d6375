import Shared

/// SelfSubjectAccessReview: what the one who asks may do. Every authenticated account may ask it (`system:basic-user`).
extension Application {
    func review(_ exchange: Exchange, _ identity: AccessTable.Identity) throws(APIStatus) {
        guard exchange.request.method == "POST" else { throw .methodNotAllowed }
        let kind = "selfsubjectaccessreviews"
        if identity == .anonymous {
            throw APIStatus(
                code: 403,
                message: "\(kind).authorization.k8s.io is forbidden: User \"\(identity.user)\" cannot create resource "
                    + "\"\(kind)\" in API group \"authorization.k8s.io\" at the cluster scope",
                reason: "Forbidden",
                group: "authorization.k8s.io",
                kind: kind
            )
        }
        guard let asked = try? JSONReader.parse(exchange.request.body),
            asked["kind"]?.string == "SelfSubjectAccessReview"
        else { throw .badRequest("the object provided is no SelfSubjectAccessReview") }
        let attributes = asked["spec"]?["resourceAttributes"]
        let wanted = AccessTable.Attributes(
            verb: attributes?["verb"]?.string ?? "",
            namespace: attributes?["namespace"]?.string ?? "",
            name: attributes?["name"]?.string
        )
        // The rules here are about ConfigMaps alone.
        let isOurs = attributes?["resource"]?.string == "configmaps" && (attributes?["group"]?.string ?? "").isEmpty
        let reason = isOurs || identity == .administrator ? AccessTable.permission(identity, wanted) : nil
        var status = JSONObject()
        status["allowed"] = .bool(reason != nil)
        if let reason, !reason.isEmpty { status["reason"] = .string(reason) }
        var object = asked.object ?? JSONObject()
        if object["metadata"] == nil { object["metadata"] = .object(JSONObject()) }
        object["status"] = .object(status)
        respond(exchange, .object(object), status: 201)
    }
}
