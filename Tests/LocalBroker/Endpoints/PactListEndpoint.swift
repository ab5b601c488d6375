import Shared

/// The lists of pacts.
enum PactListEndpoint {
    /// `GET /pacts/latest`: one entry per pair, without any SHA [84].
    static func latest(_ exchange: Exchange, store: BrokerStore) -> BrokerResponse {
        let links = exchange.links
        var pacts: [JSONValue] = []
        var new: [JSONValue] = []
        var old: [JSONValue] = []
        for pair in store.pairs.keys.sorted() {
            guard let publication = store.latest(pair, .overall) else { continue }
            let latest = "\(links.pact(pair))/latest"
            let title = JSONValue.string("Latest pact between \(pair.consumer) and \(pair.provider)")
            pacts.append(entry(pair, publication, latest: latest, links: links))
            new.append(["href": .string(latest), "title": title])
            old.append([
                "href": .string(latest), "title": title,
                "name": "DEPRECATED - please use the pb:pacts relation",
            ])
        }
        return .json(
            200,
            [
                "pacts": .array(pacts),
                "_links": [
                    "self": ["href": .string("\(links.base)/pacts/latest")], "pb:pacts": .array(new),
                    "pacts": .array(old), "curies": links.curies("pacts"),
                ],
            ]
        )
    }

    private static func entry(
        _ pair: PairKey,
        _ publication: Pair.Publication,
        latest: String,
        links: Links
    ) -> JSONValue {
        let number = publication.version
        let version = Links.link(links.version(number, of: pair.consumer), title: "Version", name: number)
        return [
            "createdAt": .string(publication.createdAt.text),
            "_embedded": [
                "consumer": [
                    "name": .string(pair.consumer),
                    "_embedded": ["version": ["number": .string(number), "_links": ["self": version]]],
                    "_links": ["self": ["href": .string(links.pacticipant(pair.consumer))]],
                ],
                "provider": [
                    "name": .string(pair.provider),
                    "_links": ["self": ["href": .string(links.pacticipant(pair.provider))]],
                ],
            ],
            "_links": [
                "self": [["href": .string(latest)], ["href": .string(links.pact(pair, version: number))]]
            ],
        ]
    }

    /// `GET /pacts/provider/P/consumer/C/versions`, latest first [89].
    static func versions(_ exchange: Exchange, _ pair: PairKey, store: BrokerStore) -> BrokerResponse {
        let links = exchange.links
        let publications = (store.pairs[pair]?.publications ?? []).reversed()
        let pacts = publications.map { publication -> JSONValue in
            let number = publication.version
            let version = Links.link(links.version(number, of: pair.consumer), title: "Version", name: number)
            return [
                "createdAt": .string(publication.createdAt.text),
                "_embedded": ["consumerVersion": ["number": .string(number), "_links": ["self": version]]],
                "_links": [
                    "self": [
                        "href": .string(links.pact(pair, version: number)),
                        "title": .string(PactRendering.title(publication, pair)),
                    ]
                ],
            ]
        }
        let titles = publications.map { publication -> JSONValue in
            [
                "href": .string(links.pact(pair, version: publication.version)), "title": "Pact",
                "name": .string("Version \(publication.version) - \(publication.createdAt.day)"),
            ]
        }
        let title = "All versions of the pact between \(pair.consumer) and \(pair.provider)"
        return .json(
            200,
            [
                "_embedded": ["pacts": .array(pacts)],
                "_links": [
                    "self": ["href": .string("\(links.pact(pair))/versions"), "title": .string(title)],
                    "consumer": party(pair.consumer, "Consumer", links),
                    "provider": party(pair.provider, "Provider", links), "pact-versions": .array(titles),
                ],
            ]
        )
    }

    private static func party(_ name: String, _ title: String, _ links: Links) -> JSONValue {
        ["href": .string(links.pacticipant(name)), "title": .string(title), "name": .string(name)]
    }

    /// `GET /pacts/provider/P`, and with `/latest` the latest of each consumer [89].
    static func provider(_ exchange: Exchange, _ name: String, isLatest: Bool, store: BrokerStore) -> BrokerResponse {
        let links = exchange.links
        guard store.pacticipants[name] != nil else {
            return exchange.error(404, "No provider with name '\(name)' found")
        }
        var new: [JSONValue] = []
        var old: [JSONValue] = []
        for pair in store.pairs.keys.sorted() where pair.provider == name {
            let publications = store.pairs[pair]?.publications ?? []
            for publication in isLatest ? publications.suffix(1) : publications[...] {
                let title = PactRendering.title(publication, pair)
                let href = JSONValue.string(links.pact(pair, version: publication.version))
                new.append(["href": href, "title": .string(title), "name": .string(pair.consumer)])
                let deprecated = "DEPRECATED - please use the pb:pacts relation. \(title)"
                old.append(["href": href, "title": .string(deprecated), "name": .string(pair.consumer)])
            }
        }
        let path = links.url("pacts", "provider", name) + (isLatest ? "/latest" : "")
        let title = "\(isLatest ? "Latest" : "All") pact versions for the provider \(name)"
        let provider = JSONValue.string(links.pacticipant(name))
        return .json(
            200,
            [
                "_links": [
                    "self": ["href": .string(path), "title": .string(title)],
                    "pb:provider": ["href": provider, "name": .string(name)], "pb:pacts": .array(new),
                    "provider": [
                        "href": provider, "title": .string(name),
                        "name": "DEPRECATED - please use the pb:provider relation",
                    ],
                    "pacts": .array(old),
                ]
            ]
        )
    }
}
