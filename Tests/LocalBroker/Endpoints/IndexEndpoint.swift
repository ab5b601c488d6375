import Shared

/// `GET /`: the links a client starts from.
enum IndexEndpoint {
    static func respond(_ exchange: Exchange, store: BrokerStore) -> BrokerResponse {
        switch exchange.accept.best(of: ["application/hal+json", "text/html"]) {
        case "application/hal+json"?: .json(200, ["_links": links(exchange.links, without: exchange.leftOut)])
        case "text/html"?:
            .bytes(200, Array(IndexPage.html(store, links: exchange.links).utf8), type: "text/html;charset=utf-8")
        default: .empty(406)
        }
    }

    private struct Relation {
        var name: String
        var path: String
        var title: String
        var templated: Bool

        init(_ name: String, _ path: String, _ title: String, templated: Bool? = nil) {
            self.name = name
            self.path = path
            self.title = title
            self.templated = templated ?? path.contains("{")
        }
    }

    /// All relations of the real index [00], so that no client misses one, though not each of them is answered here.
    private static let relations: [Relation] = {
        let pact = "/pacts/provider/{provider}/consumer/{consumer}"
        let provider = "/pacts/provider/{provider}"
        let one = "/pacticipants/{pacticipant}"
        return [
            Relation("self", "", "Index"),
            Relation("pb:publish-pact", "\(pact)/version/{consumerApplicationVersion}", "Publish a pact"),
            Relation("pb:publish-contracts", "/contracts/publish", "Publish contracts"),
            Relation("pb:latest-pact-versions", "/pacts/latest", "Latest pact versions"),
            Relation(
                "pb:tagged-pact-versions",
                "\(pact)/tag/{tag}",
                "All versions of a pact for a given consumer, provider and consumer version tag",
                templated: false
            ),
            Relation(
                "pb:branch-pact-versions",
                "\(pact)/branch/{branch}",
                "All versions of pacts for a provider, for a named consumers branch"
            ),
            Relation(
                "pb:latest-branch-pact-versions",
                "\(pact)/branch/{branch}/latest/versions",
                "Latest version of pact for a provider, for a named consumers branch"
            ),
            Relation(
                "pb:main-branch-pact-versions",
                "\(pact)/branch/versions",
                "All versions of pacts for a provider, for a named consumers main branch"
            ),
            Relation(
                "pb:latest-main-branch-pact-versions",
                "\(pact)/branch/latest/versions",
                "Latest version of pact for a provider, for a named consumers main branch"
            ),
            Relation(
                "pb:provider-pacts-with-main-branch",
                "\(provider)/branch",
                "All pacts for a provider, for any consumers main branch"
            ),
            Relation(
                "pb:provider-pacts-with-branch",
                "\(provider)/branch/{branch}",
                "All pacts for a provider, for any consumers named branch"
            ),
            Relation(
                "pb:latest-provider-pacts-with-main-branch",
                "\(provider)/branch/latest",
                "Latest pact for a provider, for any consumers main branch"
            ),
            Relation(
                "pb:latest-provider-pacts-with-branch",
                "\(provider)/branch/{branch}/latest",
                "Latest pacts for a provider, for any consumers named branch"
            ),
            Relation("pb:pacticipants", "/pacticipants", "Pacticipants"),
            Relation("pb:pacticipant", one, "Fetch pacticipant by name"),
            Relation("pb:latest-provider-pacts", "\(provider)/latest", "Latest pacts by provider"),
            Relation(
                "pb:latest-provider-pacts-with-tag",
                "\(provider)/latest/{tag}",
                "Latest pacts for provider with the specified tag"
            ),
            Relation(
                "pb:provider-pacts-with-tag",
                "\(provider)/tag/{tag}",
                "All pact versions for the provider with the specified consumer version tag"
            ),
            Relation("pb:provider-pacts", provider, "All pact versions for the specified provider"),
            Relation("pb:latest-version", "\(one)/latest-version", "Latest pacticipant version"),
            Relation(
                "pb:latest-tagged-version",
                "\(one)/latest-version/{tag}",
                "Latest pacticipant version with the specified tag"
            ),
            Relation("pb:webhooks", "/webhooks", "Webhooks"),
            Relation("pb:webhook", "/webhooks/{uuid}", "Webhook"),
            Relation("pb:integrations", "/integrations", "Integrations"),
            Relation(
                "pb:pacticipant-version-tag",
                "\(one)/versions/{version}/tags/{tag}",
                "Get, create or delete a tag for a pacticipant version"
            ),
            Relation("pb:pacticipant-branch", "\(one)/branches/{branch}", "Get or delete a pacticipant branch"),
            Relation(
                "pb:pacticipant-branch-version",
                "\(one)/branches/{branch}/versions/{version}",
                "Get or add/create a pacticipant version for a branch"
            ),
            Relation(
                "pb:pacticipant-version",
                "\(one)/versions/{version}",
                "Get, create or delete a pacticipant version"
            ),
        ]
    }()

    private static func links(_ links: Links, without leftOut: Set<LeftOut>) -> JSONValue {
        var object = JSONObject()
        let missing = leftOut.compactMap(\.relation)
        for relation in relations where !missing.contains(relation.name) {
            object[relation.name] = [
                "href": .string(links.base + relation.path), "title": .string(relation.title),
                "templated": .bool(relation.templated),
            ]
        }
        object.members += oddMembers(links)
        return .object(object)
    }

    /// The relations whose members come in another order or number in the real index.
    private static func oddMembers(_ links: Links) -> [JSONObject.Member] {
        func url(_ path: String) -> JSONValue { .string(links.base + path) }
        let deploy = "/can-i-deploy?pacticipant={pacticipant}&version={version}"
        let environments = "/environments"
        let verification = "/pacts/provider/{provider}/for-verification"
        let members: [(String, JSONValue)] = [
            ("pb:metrics", ["href": url("/metrics"), "title": "Get Pact Broker metrics"]),
            (
                "pb:can-i-deploy-pacticipant-version-to-tag",
                [
                    "href": url("\(deploy)&to={tag}"),
                    "title": """
                    Determine if an application version can be safely deployed to an environment identified by the \
                    given tag
                    """,
                    "templated": true,
                ]
            ),
            (
                "pb:can-i-deploy-pacticipant-version-to-environment",
                [
                    "href": url("\(deploy)&environment={environment}"),
                    "title": "Determine if an application version can be safely deployed to an environment",
                    "templated": true,
                ]
            ),
            (
                "pb:provider-pacts-for-verification",
                [
                    "href": url(verification), "title": "Pact versions to be verified for the specified provider",
                    "templated": true,
                ]
            ),
            (
                "beta:provider-pacts-for-verification",
                [
                    "name": "beta", "href": url(verification),
                    "title": "DEPRECATED - please use pb:provider-pacts-for-verification", "templated": true,
                ]
            ),
            (
                "curies",
                [
                    ["name": "pb", "href": url("/doc/{rel}?context=index"), "templated": true],
                    ["name": "beta", "href": url("/doc/{rel}?context=index"), "templated": true],
                ]
            ),
            ("pb:environments", ["title": "Environments", "href": url(environments), "templated": false]),
            ("pb:environment", ["title": "Environment", "href": url("\(environments)/{uuid}"), "templated": true]),
        ]
        return members.map { JSONObject.Member(key: $0.0, value: $0.1) }
    }
}
