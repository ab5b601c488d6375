import Shared

/// `POST /contracts/publish`: several contracts of one consumer version, all or nothing.
enum PublishEndpoint {
    static func respond(_ exchange: Exchange, store: inout BrokerStore) -> BrokerResponse {
        let publication: PublicationRequest
        do {
            publication = try PublicationRequest(try Self.body(exchange))
        } catch let refusal as PublicationRequest.Refusal {
            switch refusal {
            case .invalid(let errors): return exchange.invalid(errors)
            case .brokerFailure: return exchange.internalError
            }
        } catch {
            return exchange.error(400, "\(error)")
        }
        if exchange.accept.best(of: ["application/hal+json"]) == nil { return .empty(406) }
        // Anything that says json will do here, unlike PUT [66].
        guard (exchange.request.header("content-type") ?? "").contains("json") else {
            return .bytes(415, [], type: BrokerResponse.hal)
        }
        if let conflict = conflict(publication, exchange, store: store) { return conflict }
        var draft = store
        guard let response = Self.publish(publication, exchange, store: &draft) else { return exchange.internalError }
        store = draft
        return response
    }

    /// Words for an outer body that is no JSON object.
    private struct BodyError: Error, CustomStringConvertible {
        var description: String
    }

    private static func body(_ exchange: Exchange) throws -> JSONObject {
        let bytes = exchange.request.body
        if bytes.isEmpty { return JSONObject() }
        do {
            let options = JSONReader.Options(maximumDepth: 50, allowsComments: true, replacesLoneSurrogates: false)
            switch try JSONReader.parse(bytes, options: options) {
            case .object(let object): return object
            case .array: throw BodyError(description: "TypeError - no implicit conversion of String into Integer")
            case let other:
                throw BodyError(
                    description: "RuntimeError - Expected JSON Object in request body but found \(other.rubyClass)"
                )
            }
        } catch let error as JSONSyntaxError {
            throw BodyError(
                description: "JSON::ParserError - \(error.message) at line \(error.line) column \(error.column)"
            )
        }
    }

    /// Checked against what was stored before the request, so two contracts of one pair in one request pass [69].
    private static func conflict(
        _ publication: PublicationRequest,
        _ exchange: Exchange,
        store: BrokerStore
    ) -> BrokerResponse? {
        var notices: [JSONValue] = []
        var errors: [JSONValue] = []
        for contract in publication.contracts where !exchange.allowsContentChanges {
            guard let existing = store.pairs[contract.pair]?.publication(publication.version),
                existing.sha != contract.document.sha
            else { continue }
            let text = BrokerTexts.contentConflict(contract.pair, version: publication.version)
            errors.append(.string(text))
            notices.append(["type": "error", "text": .string(text)])
            let stored = store.content(contract.pair, sha: existing.sha) ?? []
            let difference = ContentDifference.text(from: stored, to: contract.document.stored)
            notices.append(["type": "info", "text": .string(difference)])
        }
        let names = [publication.pacticipant] + publication.contracts.map(\.pair.provider)
        for text in BrokerTexts.similarNames(names, in: store, base: exchange.links.base) {
            errors.append(.string(text))
            notices.append(["type": "error", "text": .string(text)])
        }
        if errors.isEmpty { return nil }
        let body: JSONValue = ["notices": .array(notices), "errors": ["contracts": .array(errors)]]
        return .json(409, body, type: BrokerResponse.json)
    }

    /// - Returns: `nil` where the broker fails.
    private static func publish(
        _ publication: PublicationRequest,
        _ exchange: Exchange,
        store: inout BrokerStore
    ) -> BrokerResponse? {
        let name = publication.pacticipant
        let number = publication.version
        let now = exchange.timestamp
        let isNewVersion = store.addVersion(number, of: name, at: now)
        if isNewVersion {
            if let buildURL = publication.buildURL { store.setBuildURL(buildURL, version: number, of: name) }
        } else {
            store.touchVersion(number, of: name, buildURL: publication.buildURL, at: now)
        }
        if let branch = publication.branch { store.addBranch(branch, version: number, of: name, at: now) }
        for tag in publication.tags { store.addTag(tag, version: number, of: name, at: now) }
        var notices = PublicationNotices(publication, isNewVersion: isNewVersion)
        for contract in publication.contracts {
            let existing = store.pairs[contract.pair]?.publication(number)
            var document = contract.document
            if contract.merges, let existing, let content = store.content(contract.pair, sha: existing.sha) {
                guard let merged = document.merged(into: content) else { return nil }
                document = merged
            }
            let outcome = store.publish(document, contract.pair, version: number, at: now)
            notices.add(contract, outcome: outcome, store: store, links: exchange.links)
        }
        return .json(200, body(publication, notices: notices.entries, links: exchange.links))
    }

    private static func body(
        _ publication: PublicationRequest,
        notices: [(type: String, text: String)],
        links: Links
    ) -> JSONValue {
        let name = publication.pacticipant
        let number = publication.version
        let versionLink = links.version(number, of: name)
        let logs = notices.map { notice -> JSONValue in
            [
                "level": .string(notice.type), "message": .string(notice.text),
                "deprecationWarning": "Replaced by notices",
            ]
        }
        return [
            "logs": .array(logs),
            "notices": .array(notices.map { ["type": .string($0.type), "text": .string($0.text)] }),
            "_embedded": [
                "pacticipant": [
                    "name": .string(name), "_links": ["self": ["href": .string(links.pacticipant(name))]],
                ],
                "version": [
                    "number": .string(number),
                    "_links": ["self": Links.link(versionLink, title: "Version", name: number)],
                ],
            ],
            "_links": [
                "pb:pacticipant": Links.link(links.pacticipant(name), title: "Pacticipant", name: name),
                "pb:pacticipant-version": Links.link(versionLink, title: "Pacticipant version", name: number),
                "pb:pacticipant-version-tags": .array(
                    publication.tags.map { tag in
                        Links.link(links.tag(tag, version: number, of: name), title: "Tag", name: tag)
                    }
                ),
                "pb:contracts": .array(
                    publication.contracts.map { contract in
                        let title = PactRendering.title(version: number, contract.pair)
                        return Links.link(links.pact(contract.pair, version: number), title: "Pact", name: title)
                    }
                ),
            ],
        ]
    }
}
