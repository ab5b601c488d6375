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
        let latest = pacticipant.latestVersion()
            .map { version -> JSONObject in
                let link = Links.link(links.version(version.number, of: name), title: "Version", name: version.number)
                return JSONObject([
                    .init(key: "number", value: .string(version.number)), .init(key: "_links", value: ["self": link]),
                ])
            }
        embedded["latestVersion"] = latest.map { .object($0) }
        embedded["labels"] = []
        if var old = latest {
            old["title"] = "DEPRECATED - please use latestVersion"
            old["name"] = "DEPRECATED - please use latestVersion"
            embedded["latest-version"] = .object(old)
        }
        result["_embedded"] = .object(embedded)
        let own = links.pacticipant(name)
        result["_links"] = .object(JSONObject(Self.links(pacticipant, own: own, links: links)))
        return .object(result)
    }

    private static func links(_ pacticipant: Pacticipant, own: String, links: Links) -> [JSONObject.Member] {
        let name = pacticipant.name
        let badge = "can-i-deploy"
        let environment = "to-environment/{environment}/badge"
        var members: [(String, JSONValue)] = [
            ("self", ["href": .string(own)]), ("pb:versions", ["href": .string("\(own)/versions")]),
            ("pb:branches", ["href": .string("\(own)/branches")]),
        ]
        if pacticipant.latestVersion() != nil { members.append(("pb:deployed-environments", [])) }
        let templates = [
            ("pb:version", "/versions/{version}", "Get, create or delete a pacticipant version"),
            (
                "pb:version-tag", "/versions/{version}/tags/{tag}",
                "Get, create or delete a tag for a version of \(name)"
            ),
            (
                "pb:branch-version", "/branches/{branch}/versions/{version}",
                "Get or add/create a version for a branch of \(name)"
            ), ("pb:label", "/labels/{label}", "Get, create or delete a label for \(name)"), ("", "", ""),
            (
                "pb:can-i-deploy-badge", "/latest-version/{tag}/\(badge)/to/{environmentTag}/badge",
                "Can I Deploy \(name) badge"
            ),
            (
                "pb:can-i-deploy-branch-to-environment-badge",
                "/branches/{branch}/latest-version/\(badge)/\(environment)",
                "Can I Deploy \(name) from branch to environment badge"
            ),
        ]
        for (relation, path, title) in templates {
            // The old relation stands between the new ones.
            members.append(
                relation.isEmpty
                    ? ("versions", Links.link("\(own)/versions", title: "Deprecated - use pb:versions"))
                    : (relation, Links.link(own + path, title: title, templated: true))
            )
        }
        members.append(("curies", links.curies("pacticipant")))
        return members.map { JSONObject.Member(key: $0.0, value: $0.1) }
    }
}
