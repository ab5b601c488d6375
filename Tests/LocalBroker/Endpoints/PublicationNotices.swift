import Shared

/// The notices of a successful publication, in the broker's words and order [50]-[56][59][69].
struct PublicationNotices {
    private(set) var entries: [(type: String, text: String)] = []
    private let publication: PublicationRequest

    init(_ publication: PublicationRequest, isNewVersion: Bool) {
        self.publication = publication
        var labels: [String] = []
        if let branch = publication.branch { labels.append("branch \(branch)") }
        if !publication.tags.isEmpty { labels.append("tags \(publication.tags.joined(separator: ", "))") }
        let with = labels.isEmpty ? "" : " with \(labels.joined(separator: " and "))"
        let action = isNewVersion ? "Created" : "Updated"
        entries.append(("debug", "\(action) \(publication.pacticipant) version \(publication.version)\(with)"))
        if publication.branch == nil {
            let step = "Configure the version branch to be the value of your repository branch."
            entries.append(("prompt", "  Next steps:\n    \(step)"))
        }
    }

    /// - Parameter store: After the publication.
    mutating func add(
        _ contract: PublicationRequest.Contract,
        outcome: BrokerStore.Outcome,
        store: BrokerStore,
        links: Links
    ) {
        let provider = contract.pair.provider
        let what = "\(publication.pacticipant) version \(publication.version) and provider \(provider)"
        entries.append(result(contract, outcome: outcome, what: what))
        let address = links.pact(contract.pair, version: publication.version)
        entries.append(("debug", "  View the published pact at \(address)"))
        entries.append(("debug", "  Events detected: \(events(contract.pair, outcome: outcome, store: store))"))
        entries.append(("prompt", "  Next steps:"))
        let verification = "https://docs.pact.io/go/provider_verification"
        entries.append(("prompt", "    * Add Pact verification tests to the \(provider) build. See \(verification)"))
        entries.append(
            (
                "prompt",
                "    * Configure separate \(provider) pact verification build and webhook to trigger it when the pact "
                    + "content changes. See https://docs.pact.io/go/webhooks"
            )
        )
    }

    private func result(
        _ contract: PublicationRequest.Contract,
        outcome: BrokerStore.Outcome,
        what: String
    ) -> (type: String, text: String) {
        switch outcome {
        case .created: ("success", "Pact successfully published for \(what).")
        case .unchanged where !contract.merges:
            ("success", "Pact successfully republished for \(what) with no content changes.")
        case .modified where !contract.merges:
            (
                "warning",
                "Pact with changed content published over existing content for \(what). This is not recommended in "
                    + "normal circumstances and may indicate that you have not configured your Pact pipeline "
                    + "correctly. For more information see https://docs.pact.io/go/versioning"
            )
        case .unchanged, .modified: ("success", "Pact content merged with existing content for \(what).")
        }
    }

    private func events(_ pair: PairKey, outcome: BrokerStore.Outcome, store: BrokerStore) -> String {
        let number = publication.version
        switch outcome {
        case .unchanged: return "contract_published"
        case .modified:
            return "contract_published, contract_content_changed (pact content modified since previous publication "
                + "for \(pair.consumer) version \(number))"
        case .created: break
        }
        let tags = store.version(number, of: pair.consumer)?.tags.map(\.name) ?? []
        let changes =
            tags.isEmpty
            ? [untaggedChange(pair, store: store)] : tags.map { change(pair, since: $0, store: store) }
        let reasons = changes.compactMap { $0 }
        if reasons.isEmpty {
            return tags.count == 1
                ? "contract_published (pact content is the same as previous version with tag \(tags[0]) and no new "
                    + "tags were applied)"
                : "contract_published (pact content is the same as previous versions with tags "
                    + "\(tags.joined(separator: ", ")) and no new tags were applied)"
        }
        return "contract_published, contract_content_changed (\(reasons.joined(separator: ", ")))"
    }

    private func untaggedChange(_ pair: PairKey, store: BrokerStore) -> String? {
        switch isChanged(pair, store: store, since: \.tags.isEmpty) {
        case nil: "first time untagged pact published"
        case true?: "pact content has changed since previous untagged version"
        case false?: nil
        }
    }

    private func change(_ pair: PairKey, since tag: String, store: BrokerStore) -> String? {
        switch isChanged(pair, store: store, since: { $0.hasTag(tag) }) {
        case nil: "first time any pact published for this consumer with consumer version tagged \(tag)"
        case true?: "pact content has changed since the last consumer version tagged with \(tag)"
        case false?: nil
        }
    }

    /// Whether the content differs from that of the last earlier version like that; `nil` if there is none.
    private func isChanged(
        _ pair: PairKey,
        store: BrokerStore,
        since isCandidate: (ConsumerVersion) -> Bool
    ) -> Bool? {
        let publications = store.pairs[pair]?.publications ?? []
        guard let own = publications.last(where: { $0.version == publication.version }) else { return nil }
        let previous = publications.last { other in
            other.order < own.order && (store.version(other.version, of: pair.consumer).map(isCandidate) ?? false)
        }
        return previous.map { $0.sha != own.sha }
    }
}
