import Shared

/// A stored pact as the broker answers it: the content, then `createdAt` and `_links`.
enum PactRendering {
    static func body(_ content: [UInt8], _ publication: Pair.Publication, _ pair: PairKey, links: Links) -> [UInt8] {
        let tail: JSONValue = [
            "createdAt": .string(publication.createdAt.text), "_links": self.links(publication, pair, links),
        ]
        // Spliced, not parsed again: contents may be megabytes.
        let start = content.dropLast()
        let separator: [UInt8] = start.count > 1 ? [UInt8(ascii: ",")] : []
        return start + separator + JSONWriter.compact(tail).dropFirst()
    }

    private static func links(_ publication: Pair.Publication, _ pair: PairKey, _ links: Links) -> JSONValue {
        let consumer = pair.consumer
        let provider = pair.provider
        let number = publication.version
        let pact = links.pact(pair)
        let version = links.pact(pair, version: number)
        let content = "\(pact)/pact-version/\(publication.sha)"
        let webhooks = "\(links.base)/webhooks"
        let segment = PercentEncoding.pathSegment
        // The one place where a space is a plus: a query, not a path.
        let query = { (text: String) in segment(text).replacing("%20", with: "+") }
        let matrix = "q%5B%5D%5Bpacticipant%5D=\(query(consumer))&q%5B%5D%5Bversion%5D=\(query(number))"
        return [
            "self": Links.link(version, title: "Pact", name: title(publication, pair)),
            "pb:consumer": Links.link(links.pacticipant(consumer), title: "Consumer", name: consumer),
            "pb:consumer-version":
                Links.link(links.version(number, of: consumer), title: "Consumer version", name: number),
            "pb:provider": Links.link(links.pacticipant(provider), title: "Provider", name: provider),
            "pb:pact-version":
                Links.link(content, title: "Pact content version permalink", name: publication.sha),
            "pb:latest-pact-version": Links.link("\(pact)/latest", title: "Latest version of this pact"),
            "pb:all-pact-versions": Links.link("\(pact)/versions", title: "All versions of this pact"),
            "pb:latest-untagged-pact-version":
                Links.link("\(pact)/latest-untagged", title: "Latest untagged version of this pact"),
            "pb:latest-tagged-pact-version":
                Links.link("\(pact)/latest/{tag}", title: "Latest tagged version of this pact", templated: true),
            "pb:previous-distinct":
                Links.link("\(version)/previous-distinct", title: "Previous distinct version of this pact"),
            "pb:diff-previous-distinct":
                Links.link(
                    "\(version)/diff/previous-distinct",
                    title: "Diff with previous distinct version of this pact"
                ),
            "pb:diff":
                Links.link(
                    "\(content)/diff/pact-version/{pactVersion}",
                    title: "Diff with another specified version of this pact",
                    templated: true
                ),
            "pb:pact-webhooks":
                Links.link(
                    "\(webhooks)/provider/\(segment(provider))/consumer/\(segment(consumer))",
                    title: "Webhooks for the pact between \(consumer) and \(provider)"
                ),
            "pb:consumer-webhooks":
                Links.link(
                    "\(webhooks)/consumer/\(segment(provider))",
                    title: "Webhooks for all pacts with provider \(provider)"
                ),
            "pb:tag-prod-version":
                Links.link(
                    links.tag("prod", version: number, of: consumer),
                    title: "PUT to this resource to tag this consumer version as 'production'"
                ),
            "pb:tag-version":
                Links.link(
                    links.version(number, of: consumer) + "/tags/{tag}",
                    title: "PUT to this resource to tag this consumer version"
                ),
            "pb:publish-verification-results":
                Links.link("\(content)/verification-results", title: "Publish verification results"),
            "pb:latest-verification-results": Links.link("\(content)/verification-results/latest"),
            "pb:triggered-webhooks":
                Links.link(
                    "\(version)/triggered-webhooks",
                    title: "Webhooks triggered by the publication of this pact"
                ),
            "pb:matrix-for-consumer-version":
                Links.link(
                    "\(links.base)/matrix?\(matrix)&latestby=cvpv",
                    title: "View matrix rows for the consumer version to which this pact belongs"
                ),
            "curies": links.curies("pact"),
        ]
    }

    /// `Pact between Web (1.0.0) and Orders`.
    static func title(_ publication: Pair.Publication, _ pair: PairKey) -> String {
        title(version: publication.version, pair)
    }

    static func title(version: String, _ pair: PairKey) -> String {
        "Pact between \(pair.consumer) (\(version)) and \(pair.provider)"
    }
}
