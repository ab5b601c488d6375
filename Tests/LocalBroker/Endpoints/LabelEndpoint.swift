import Shared

/// Tags and branches, the way they were set before `POST /contracts/publish` existed [90][91].
enum LabelEndpoint {
    static func tag(
        _ exchange: Exchange,
        _ name: String,
        number: String,
        tag: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        let address = exchange.links.tag(tag, version: number, of: name)
        if exchange.request.method == "DELETE" {
            return store.removeTag(tag, version: number, of: name) ? .empty(204) : exchange.notFound
        }
        var status = 200
        if exchange.request.method == "PUT" {
            if let refusal = PactEndpoint.contentType(exchange) { return refusal }
            if store.addVersion(number, of: name, at: exchange.timestamp) {
                store.touchVersion(number, of: name, buildURL: nil, at: exchange.timestamp)
            }
            if store.addTag(tag, version: number, of: name, at: exchange.timestamp) { status = 201 }
        }
        guard let label = store.version(number, of: name)?.tags.first(where: { $0.name == tag }) else {
            return exchange.notFound
        }
        let body: JSONValue = [
            "name": .string(tag), "createdAt": .string(label.createdAt.text),
            "_links": [
                "self": Links.link(address, title: "Tag", name: tag),
                "version": Links.link(exchange.links.version(number, of: name), title: "Version", name: number),
                "pacticipant": Links.link(exchange.links.pacticipant(name), title: "Pacticipant", name: name),
            ],
        ]
        return .json(status, body, headers: status == 201 ? [("location", address)] : [])
    }

    static func branchVersion(
        _ exchange: Exchange,
        _ name: String,
        branch: String,
        number: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        let links = exchange.links
        let address = links.branchVersion(branch, version: number, of: name)
        var status = 200
        if exchange.request.method == "PUT" {
            if let refusal = PactEndpoint.contentType(exchange) { return refusal }
            store.addVersion(number, of: name, at: exchange.timestamp)
            if store.addBranch(branch, version: number, of: name, at: exchange.timestamp) { status = 201 }
        }
        guard let label = store.version(number, of: name)?.branches.first(where: { $0.name == branch }) else {
            return exchange.notFound
        }
        var body = JSONObject()
        body["updatedAt"] = label.updatedAt.map { .string($0.text) }
        body["createdAt"] = .string(label.createdAt.text)
        body["_links"] = [
            "self": Links.link(address, title: "Branch version"),
            "pb:branch": Links.link(links.branch(branch, of: name), title: "Branch", name: branch),
            "pb:version": Links.link(links.version(number, of: name), title: "Version", name: number),
        ]
        return .json(status, .object(body), headers: status == 201 ? [("location", address)] : [])
    }

    /// `GET /pacticipants/C/branches/B` [86].
    static func branch(_ exchange: Exchange, _ name: String, branch: String, store: BrokerStore) -> BrokerResponse {
        guard let label = store.pacticipants[name]?.branches.first(where: { $0.name == branch }) else {
            return exchange.notFound
        }
        let address = exchange.links.branch(branch, of: name)
        return .json(
            200,
            [
                "name": .string(branch), "updatedAt": .string((label.updatedAt ?? label.createdAt).text),
                "createdAt": .string(label.createdAt.text),
                "_links": [
                    "self": Links.link(address, title: "Branch"),
                    "pb:latest-version": Links.link("\(address)/latest-version", title: "Latest version for branch"),
                ],
            ]
        )
    }
}
