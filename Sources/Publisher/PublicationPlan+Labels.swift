import Shared
import SharedHTTP

/// Branch, tags and build URL of a version, for brokers that take contracts one by one.
///
/// After the first contract of the version, not before it: a label creates its pacticipant without the broker's check
/// for similar names, which nobody is to be spared silently (transcripts 90, 91).
extension PublicationPlan {
    /// Queues the labels of a version that has just been given its first contract.
    mutating func label(_ consumer: String, _ version: String) {
        guard case .single(let branches) = check.way else { return }
        for kind in configuration.labels {
            if case .branch = kind, !branches { continue }
            let label = VersionLabel(consumer: consumer, version: version, kind: kind)
            if labelled.insert(label).inserted { labels.append(label) }
        }
        // Versions of the past need not be remembered for ever: labelling one again changes nothing.
        if labelled.count > 10_000 { labelled = Set(labels) }
    }

    mutating func handleLabel(_ outcome: BrokerOutcome, of label: VersionLabel, _ now: MonotonicTime) {
        switch outcome {
        case .transient(let transient):
            backOff(now, retryAfter: transient.retryAfter)
            check.expedite(now)
        case .unauthorized(let text):
            check.refuse(.unauthorized, text)
            backOff(now, slow: true)
        case .created:
            labels.removeAll { $0 == label }
            check.endRefusal()
        default:
            // The contract is there all the same; a label is worth a line, not a failed contract.
            labels.removeAll { $0 == label }
            note(.labelRefused(label, "\(outcome)"))
        }
    }
}
