import Shared
import TestSupport
import Testing

@testable import HealthServer

/// docs/operations.md is where people look up a reason: it must know every code that an answer can hold, and no other.
@Suite struct ReasonPageTests {
    /// A new case does not compile here until it is added, and then the page must have it.
    private static func next(after code: Reason.Code?) -> Reason.Code? {
        switch code {
        case nil: .stopping
        case .stopping: .starting
        case .starting: .stateNotWritable
        case .stateNotWritable: .sourceUnread
        case .sourceUnread: .sourceMissing
        case .sourceMissing: .publisherSilent
        case .publisherSilent: .brokerUnavailable
        case .brokerUnavailable: .pending
        case .pending: .failed
        case .failed: .invalid
        case .invalid: .noContracts
        case .noContracts: .sourceStale
        case .sourceStale: .sourceFallback
        case .sourceFallback: .sourceWarning
        case .sourceWarning: .watcherSilent
        case .watcherSilent: .stale
        case .stale: .superseded
        case .superseded: .revisionUnknown
        case .revisionUnknown, .broker: nil
        }
    }

    @Test func everyReasonIsExplained() throws {
        var codes = Set(sequence(first: Reason.Code.stopping) { Self.next(after: $0) }.map(\.text))
        for status in BrokerState.Status.allCases where status != .ready {
            codes.insert(Reason.Code.broker(status).text)
        }
        codes.formUnion([Liveness.silentCode, "unknown_provider", "unknown_consumer"])

        let rows = try RepositoryFile.text("docs/operations.md").split(separator: "\n")
            .drop { !$0.hasPrefix("| Code | What it means |") }.dropFirst(2).prefix { $0.hasPrefix("| `") }
        let explained = rows.flatMap { row in
            let cell = row.dropFirst(2).prefix { $0 != "|" }
            return cell.split(separator: "`").map(String.init).filter { $0.contains(where: \.isLetter) }
        }
        #expect(codes.subtracting(explained).isEmpty, "docs/operations.md lacks them")
        #expect(Set(explained).subtracting(codes).isEmpty, "no answer holds them")
        #expect(Set(explained).count == explained.count, "explained twice")
    }
}
