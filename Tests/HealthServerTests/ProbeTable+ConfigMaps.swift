import Shared

@testable import HealthServer

extension ProbeTable {
    private typealias S = Situations

    /// Row 7b, a ConfigMap that was never delivered beside others that are, and what the API changes in other rows.
    static var configMapRows: [ProbeRow] {
        let other = S.desired(S.otherProvider)
        let otherPublished = S.published(S.otherProvider)
        func missing(_ sections: StateSections) -> StateSections {
            S.throughAPI(sections, [S.configMap("a"), S.configMap("b", .absent, wasDelivered: false)])
        }
        let withoutOurs = missing(S.sections([other], [otherPublished]))
        return [
            ProbeRow(
                "7b all others published",
                missing(S.allPublished),
                settled: .no("source_missing"),
                provider: .yes,
                state: "published",
                ready: .yes
            ),
            ProbeRow(
                "7b the provider may be in it",
                withoutOurs,
                settled: .no("source_missing"),
                provider: .no("source_missing"),
                state: "unknown",
                ready: .yes
            ),
            ProbeRow(
                "7b before 9",
                missing(S.sections([S.desired()], [])),
                settled: .no("source_missing"),
                provider: .no("pending"),
                state: "pending",
                ready: .no("source_missing")
            ),
            ProbeRow(
                "7b before 8",
                missing(S.sections([], [])),
                settled: .no("source_missing"),
                provider: .no("source_missing"),
                ready: .no("source_missing")
            ),
            .blocked(
                "7 before 7b",
                S.changed(withoutOurs) { $0.broker = S.broker(.refused) },
                reason: "broker_refused",
                provider: "broker_unavailable"
            ),
            .blocked("1 before 7b", withoutOurs, isStopping: true, reason: "stopping"),
        ] + otherRows
    }

    private static var otherRows: [ProbeRow] {
        let deleted = S.throughAPI(S.sections([], []), [S.configMap("a", .absent)])
        let fallback = S.throughAPI(S.allPublished, [S.configMap("a", .unknown, wasDelivered: false)])
        return [
            ProbeRow("8 deleted", deleted, settled: .yes, provider: .unknown, ready: .no("no_contracts")),
            ProbeRow(
                "14 one of two deleted",
                S.throughAPI(S.allPublished, [S.configMap("a"), S.configMap("b", .absent)]),
                settled: .yes,
                provider: .yes,
                state: "published",
                ready: .yes
            ),
            ProbeRow(
                "14 the directory stands in",
                S.changed(fallback) { $0.source?.origin = "directory (API: forbidden)" },
                settled: .yes,
                provider: .yes,
                state: "published",
                ready: .yes
            ),
        ]
    }
}
