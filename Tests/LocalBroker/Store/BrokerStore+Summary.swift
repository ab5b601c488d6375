import Shared

extension BrokerStore {
    /// For `GET /_stored`: for each pair its last publications, the latest last.
    var summary: JSONValue {
        .array(
            pairs.sorted { $0.key < $1.key }
                .map { key, pair in
                    [
                        "consumer": .string(key.consumer),
                        "provider": .string(key.provider),
                        "publications": .array(
                            pair.publications.suffix(Self.summarized)
                                .map { ["version": .string($0.version), "sha": .string($0.sha)] }
                        ),
                    ]
                }
        )
    }

    /// So many publications of each pair are shown.
    private static let summarized = 8
}
