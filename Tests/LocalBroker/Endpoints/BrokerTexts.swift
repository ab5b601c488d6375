import Shared

/// The broker's sentences that clients tell cases apart by, word for word as measured.
enum BrokerTexts {
    /// Content of an existing version would change [13][57].
    static func contentConflict(_ pair: PairKey, version: String) -> String {
        "Cannot change the content of the pact for \(pair.consumer) version \(version) and provider \(pair.provider), "
            + "as race conditions will cause unreliable results for can-i-deploy. Each pact must be published with a "
            + "unique consumer version number. Some Pact libraries generate random data when a concrete value for a "
            + "type matcher is not specified, and this can cause the contract to mutate - ensure you have given "
            + "example values for all type matchers. For more information see https://docs.pact.io/go/versioning"
    }

    /// A new name is too much like existing ones [29].
    static func similarName(_ name: String, existing: [String], base: String) -> String {
        """
        This is the first time a pact has been published for "\(name)".
        The name "\(name)" is very similar to the following existing pacticipants:
        \(existing.map { "* \($0)" }.joined(separator: "\n"))
        If you meant to specify one of the above names, please correct the pact configuration, and re-publish the pact.
        If the pact is intended to be for a new consumer or provider, please manually create "\(name)" using the \
        following command from the Pact Broker CLI, and then re-publish the pact:

        pact-broker create-or-update-pacticipant --name "\(name)" --broker-base-url \(base)

        For information on the Pact Broker CLI see https://docs.pact.io/go/pbc-cli
        To disable this check, set `check_for_potential_duplicate_pacticipant_names` to false in the configuration.

        """
    }

    /// Bytes that are no UTF-8 [15][65].
    static func notUTF8(_ what: String, character: Int, fragment: String) -> String {
        "\(what) has a non UTF-8 character at char \(character) and cannot be parsed as JSON. "
            + "Fragment preceding invalid character is: '\(fragment)'"
    }

    /// Similar-name texts for those of `names` that are new.
    static func similarNames(_ names: [String], in store: BrokerStore, base: String) -> [String] {
        var texts: [String] = []
        for (index, name) in names.enumerated() where !names[..<index].contains(name) {
            let existing = store.names(similarTo: name)
            if !existing.isEmpty { texts.append(similarName(name, existing: existing, base: base)) }
        }
        return texts
    }
}
