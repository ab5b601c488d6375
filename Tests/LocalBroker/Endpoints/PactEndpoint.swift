import Shared

/// `/pacts/provider/P/consumer/C/version/V` and the other ways to one pact.
enum PactEndpoint {
    static func respond(
        _ exchange: Exchange,
        _ pair: PairKey,
        version: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        switch exchange.request.method {
        case "PUT": put(exchange, pair, version: version, store: &store)
        case "PATCH": patch(exchange, pair, version: version, store: &store)
        case "DELETE": delete(exchange, pair, version: version, store: &store)
        default: get(exchange, pair, store.pairs[pair]?.publication(version), store: store, isLatest: false)
        }
    }

    /// - Parameter isLatest: Adds the header that names the version.
    static func get(
        _ exchange: Exchange,
        _ pair: PairKey,
        _ publication: Pair.Publication?,
        store: BrokerStore,
        isLatest: Bool
    ) -> BrokerResponse {
        guard let type = exchange.accept.best(of: ["application/hal+json", "application/json"]) else {
            return .empty(406)
        }
        guard let publication, let content = store.content(pair, sha: publication.sha) else {
            return exchange.notFound
        }
        if exchange.request.header("if-none-match") == "*" { return .empty(304) }
        let body = PactRendering.body(content, publication, pair, links: exchange.links)
        let version = isLatest ? [("x-pact-consumer-version", publication.version)] : []
        return .bytes(200, body, type: "\(type);charset=utf-8", headers: version)
    }

    private static func delete(
        _ exchange: Exchange,
        _ pair: PairKey,
        version: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        guard store.removePublication(pair, version: version) else { return exchange.notFound }
        return .json(200, ["_links": ["index": ["href": .string(exchange.links.base)]]])
    }

    private static func put(
        _ exchange: Exchange,
        _ pair: PairKey,
        version: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        let document: PactDocument
        switch read(exchange, pair, version: version, store: store) {
        case .failure(let refusal): return refusal.response
        case .success(let accepted): document = accepted
        }
        let existing = store.pairs[pair]?.publication(version)
        if let refusal = precondition(exchange, exists: existing != nil) { return refusal }
        if let existing, existing.sha != document.sha, !exchange.allowsContentChanges {
            return exchange.error(409, BrokerTexts.contentConflict(pair, version: version))
        }
        if let refusal = contentType(exchange) { return refusal }
        return save(document, exchange, pair, version: version, isNew: existing == nil, in: &store)
    }

    /// Merges interactions into what is there, as old clients did test by test [32].
    private static func patch(
        _ exchange: Exchange,
        _ pair: PairKey,
        version: String,
        store: inout BrokerStore
    ) -> BrokerResponse {
        var document: PactDocument
        switch read(exchange, pair, version: version, store: store) {
        case .failure(let refusal): return refusal.response
        case .success(let accepted): document = accepted
        }
        if let refusal = contentType(exchange) { return refusal }
        let existing = store.pairs[pair]?.publication(version)
        if let existing, let content = store.content(pair, sha: existing.sha) {
            guard let merged = document.merged(into: content) else {
                return BrokerResponse.bytes(409, [], type: BrokerResponse.hal)
            }
            document = merged
        }
        return save(document, exchange, pair, version: version, isNew: existing == nil, in: &store)
    }

    private static func save(
        _ document: PactDocument,
        _ exchange: Exchange,
        _ pair: PairKey,
        version: String,
        isNew: Bool,
        in store: inout BrokerStore
    ) -> BrokerResponse {
        let isNewVersion = store.version(version, of: pair.consumer) == nil
        _ = store.publish(document, pair, version: version, at: exchange.timestamp)
        if isNewVersion { store.touchVersion(version, of: pair.consumer, buildURL: nil, at: exchange.timestamp) }
        guard let publication = store.pairs[pair]?.publication(version),
            let content = store.content(pair, sha: publication.sha)
        else { return exchange.internalError }
        let body = PactRendering.body(content, publication, pair, links: exchange.links)
        return .bytes(isNew ? 201 : 200, body, type: BrokerResponse.hal)
    }

    /// A response in the place of an error.
    private struct Refusal: Error {
        var response: BrokerResponse
    }

    /// What is checked before content negotiation, then that itself, then the names: the order measured [13][15][17].
    private static func read(
        _ exchange: Exchange,
        _ pair: PairKey,
        version: String,
        store: BrokerStore
    ) -> Result<PactDocument, Refusal> {
        let document: PactDocument
        do throws(PactDocument.Refusal) {
            document = try PactDocument(exchange.request.body)
        } catch {
            return .failure(Refusal(response: refused(exchange, error)))
        }
        var errors = ValidationErrors()
        for (side, name) in [("consumer", pair.consumer), ("provider", pair.provider)] {
            switch document.name(of: side) {
            case .unusable: return .failure(Refusal(response: exchange.internalError))
            case .given where !name.utf8.allSatisfy({ $0 < 0x80 }):
                // The broker compares the name in the path as bytes and then fails to say so [22].
                return .failure(Refusal(response: exchange.internalError))
            case .given(let given) where given != name:
                errors.add("\(side).name", "name in pact '\(given)' does not match name in URL path '\(name)'.")
            case .given, .absent: break
            }
        }
        if version.allSatisfy(\.isWhitespace) { errors.add("consumer_version_number", "cannot be blank") }
        if !errors.isEmpty { return .failure(Refusal(response: exchange.invalid(errors))) }
        if exchange.accept.best(of: ["application/hal+json", "application/json"]) == nil {
            return .failure(Refusal(response: .empty(406)))
        }
        let names = [pair.consumer, pair.provider]
        let similar = BrokerTexts.similarNames(names, in: store, base: exchange.links.base)
        if let text = similar.first {
            // The one error that is not JSON [29].
            return .failure(Refusal(response: .bytes(409, Array(text.utf8), type: "text/plain")))
        }
        return .success(document)
    }

    private static func refused(_ exchange: Exchange, _ refusal: PactDocument.Refusal) -> BrokerResponse {
        switch refusal {
        case .syntax(let text): exchange.error(400, text)
        case .notUTF8(let character, let fragment):
            exchange.error(400, BrokerTexts.notUTF8("Request body", character: character, fragment: fragment))
        case .notObject("Array"): exchange.internalError
        case .notObject(let name):
            exchange.error(400, "RuntimeError - Expected JSON Object in request body but found \(name)")
        }
    }

    /// `*` works; anything else with a value is a mistake of the broker's [27].
    private static func precondition(_ exchange: Exchange, exists: Bool) -> BrokerResponse? {
        if let match = exchange.request.header("if-match") {
            if !exists { return .bytes(412, [], type: BrokerResponse.hal) }
            if match != "*" { return exchange.internalError }
        }
        if exchange.request.header("if-none-match") == "*", exists {
            return .bytes(412, [], type: BrokerResponse.hal)
        }
        return exchange.request.header("if-unmodified-since") == nil ? nil : exchange.internalError
    }

    /// Lower-case `application/json`, with or without parameters [26].
    static func contentType(_ exchange: Exchange) -> BrokerResponse? {
        let type = (exchange.request.header("content-type") ?? "").prefix { $0 != ";" && $0 != " " }
        let isAllowed = type == "application/json" || type == "application/merge-patch+json"
        return isAllowed ? nil : .bytes(415, [], type: BrokerResponse.hal)
    }
}
