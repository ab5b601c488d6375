import Shared

/// `/pacticipants/C/versions/V`, its tags and its branches.
enum VersionEndpoint {
    static func version(
        _ exchange: Exchange,
        _ name: String,
        number: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        switch exchange.request.method {
        case "PUT", "PATCH": return put(exchange, name, number: number, store: &store)
        case "DELETE":
            guard store.version(number, of: name) != nil else { return exchange.notFound }
            store.removeVersion(number, of: name)
            return .empty(204)
        default:
            guard let version = store.version(number, of: name) else { return exchange.notFound }
            return .json(200, body(version, of: name, self: nil, store: store, links: exchange.links))
        }
    }

    static func latest(_ exchange: Exchange, _ name: String, tag: String?, store: BrokerStore) -> BrokerResponse {
        let latest = store.pacticipants[name]?.latestVersion { version in tag.map(version.hasTag) ?? true }
        guard let latest else { return exchange.notFound }
        var own = exchange.links.url("pacticipants", name, "latest-version")
        if let tag { own += "/" + PercentEncoding.pathSegment(tag) }
        return .json(200, body(latest, of: name, self: own, store: store, links: exchange.links))
    }

    private static func put(
        _ exchange: Exchange,
        _ name: String,
        number: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        let bytes = exchange.request.body
        let sent: JSONObject
        if bytes.isEmpty {
            sent = JSONObject()
        } else if let parsed = try? JSONReader.parse(bytes).object {
            sent = parsed
        } else {
            return exchange.error(400, "JSON::ParserError - expected a JSON object in the request body")
        }
        if let refusal = PactEndpoint.contentType(exchange) { return refusal }
        let isNew = store.addVersion(number, of: name, at: exchange.timestamp)
        let buildURL = sent["buildUrl"]?.string
        if !isNew {
            store.touchVersion(number, of: name, buildURL: buildURL, at: exchange.timestamp)
        } else if let buildURL {
            store.setBuildURL(buildURL, version: number, of: name)
        }
        guard let version = store.version(number, of: name) else { return exchange.internalError }
        return .json(isNew ? 201 : 200, body(version, of: name, self: nil, store: store, links: exchange.links))
    }

    private static func body(
        _ version: ConsumerVersion,
        of name: String,
        self own: String?,
        store: BrokerStore,
        links: Links
    ) -> JSONValue {
        let number = version.number
        let address = links.version(number, of: name)
        let verification = links.url("verification-results", "consumer", name, "version", number, "latest")
        var result = JSONObject()
        result["number"] = .string(number)
        result["buildUrl"] = version.buildURL.map { .string($0) }
        result["updatedAt"] = version.updatedAt.map { .string($0.text) }
        result["createdAt"] = .string(version.createdAt.text)
        let branches = version.branches.map { branch -> JSONValue in
            let href = links.branchVersion(branch.name, version: number, of: name)
            let latest = store.pacticipants[name]?.latestVersion { $0.isOnBranch(branch.name) }
            return [
                "name": .string(branch.name), "latest": .bool(latest?.number == number),
                "_links": ["self": Links.link(href, title: "Branch version", name: branch.name)],
            ]
        }
        let tags = version.tags.map { tag -> JSONValue in
            let href = links.tag(tag.name, version: number, of: name)
            return ["name": .string(tag.name), "_links": ["self": Links.link(href, title: "Tag", name: tag.name)]]
        }
        result["_embedded"] = ["branchVersions": .array(branches), "tags": .array(tags)]
        let pacts = store.pairs.keys.sorted()
            .filter { pair in
                pair.consumer == name && store.pairs[pair]?.publication(number) != nil
            }
        let pactLinks = pacts.map { pair in
            let title = PactRendering.title(version: number, pair)
            return Links.link(links.pact(pair, version: number), title: "Pact", name: title)
        }
        result["_links"] = [
            "self": Links.link(own ?? address, title: "Version", name: number),
            "pb:pacticipant": Links.link(links.pacticipant(name), title: "Pacticipant", name: name),
            // In this one the address comes before the title.
            "pb:tag": [
                "href": .string("\(address)/tags/{tag}"),
                "title": "Get, create or delete a tag for this pacticipant version", "templated": true,
            ],
            "pb:latest-verification-results-where-pacticipant-is-consumer": Links.link(
                verification,
                title: "Latest verification results for consumer version"
            ), "pb:pact-versions": .array(pactLinks), "pb:deployed-environments": [],
            "pb:released-environments": [], "pb:record-deployment": [], "pb:record-release": [],
            "curies": links.curies("version"),
        ]
        return .object(result)
    }
}
