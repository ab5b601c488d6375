import Shared

/// `/pacticipants` and `/pacticipants/N`.
enum PacticipantEndpoint {
    static func list(_ exchange: Exchange, store: inout BrokerStore) -> BrokerResponse {
        if exchange.request.method == "POST" { return create(exchange, store: &store) }
        let links = exchange.links
        let all = store.pacticipants.values.sorted { $0.name.lowercased() < $1.name.lowercased() }
        let entries = all.map { body($0, links: links) }
        let references = all.map { pacticipant -> JSONValue in
            [
                "href": .string(links.pacticipant(pacticipant.name)),
                "title": .string(pacticipant.name), "name": .string(pacticipant.name),
            ]
        }
        return .json(
            200,
            [
                "_embedded": ["pacticipants": .array(entries)],
                "_links": [
                    "self": ["href": .string("\(links.base)/pacticipants")],
                    "pb:pacticipants-with-label": [
                        "title": "Find pacticipants by label",
                        "href": .string("\(links.base)/pacticipants/label/{label}"), "templated": true,
                    ], "pb:pacticipants": .array(references), "pacticipants": .array(references),
                ], "pacticipants": .array(entries),
            ]
        )
    }

    static func one(_ exchange: Exchange, _ name: String, store: inout BrokerStore) -> BrokerResponse {
        guard let pacticipant = store.pacticipants[name] else {
            return exchange.request.method == "GET"
                ? exchange.error(404, "No pacticipant with name '\(name)' found") : exchange.notFound
        }
        if exchange.request.method == "DELETE" {
            store.removePacticipant(name)
            return .empty(204)
        }
        return .json(200, body(pacticipant, links: exchange.links))
    }

    /// The documented way round the similar-name check: nothing is compared here [29].
    private static func create(_ exchange: Exchange, store: inout BrokerStore) -> BrokerResponse {
        guard let sent = try? JSONReader.parse(exchange.request.body).object else {
            return exchange.error(400, "JSON::ParserError - expected a JSON object in the request body")
        }
        var errors = ValidationErrors()
        switch sent["name"] {
        case .string(let name)? where !name.allSatisfy(\.isWhitespace):
            if store.pacticipants[name] != nil { errors.add("name", "is already taken by an existing pacticipant") }
        case nil: errors.add("name", "is missing")
        default: errors.add("name", "must be filled")
        }
        if !errors.isEmpty { return exchange.invalid(errors) }
        if let refusal = PactEndpoint.contentType(exchange) { return refusal }
        let name = sent["name"]?.string ?? ""
        store.addPacticipant(name, at: exchange.timestamp)
        guard let pacticipant = store.pacticipants[name] else { return exchange.internalError }
        // The broker's own spelling of that path.
        let location = "\(exchange.links.base)/pacticpants/\(PercentEncoding.pathSegment(name))"
        return .json(201, body(pacticipant, links: exchange.links), headers: [("location", location)])
    }

    private static func body(_ pacticipant: Pacticipant, links: Links) -> JSONValue {
        let name = pacticipant.name
        var result = JSONObject()
        result["name"] = .string(name)
        result["displayName"] = .string(pacticipant.displayName)
        result["mainBranch"] = pacticipant.mainBranch.map { .string($0) }
        result["updatedAt"] = pacticipant.updatedAt.map { .string($0.text) }
        result["createdAt"] = .string(pacticipant.createdAt.text)
        var embedded = JSONObject()
        if let latest = pacticipant.latestVersion() {
            let link = Links.link(links.version(latest.number, of: name), title: "Version", name: latest.number)
            embedded["latestVersion"] = ["number": .string(latest.number), "_links": ["self": link]]
        }
        embedded["labels"] = []
        result["_embedded"] = .object(embedded)
        let own = links.pacticipant(name)
        result["_links"] = [
            "self": ["href": .string(own)], "pb:versions": ["href": .string("\(own)/versions")],
            "pb:branches": ["href": .string("\(own)/branches")],
            "pb:version": Links.link(
                "\(own)/versions/{version}",
                title: "Get, create or delete a pacticipant version",
                templated: true
            ),
            "pb:version-tag": Links.link(
                "\(own)/versions/{version}/tags/{tag}",
                title: "Get, create or delete a tag for a version of \(name)",
                templated: true
            ),
            "pb:branch-version": Links.link(
                "\(own)/branches/{branch}/versions/{version}",
                title: "Get or add/create a version for a branch of \(name)",
                templated: true
            ), "curies": links.curies("pacticipant"),
        ]
        return .object(result)
    }
}
