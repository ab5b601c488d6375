package import Shared

/// Contents whose every byte follows from one number, so that a test can tell a mixture of two of them.
package enum StatePattern {
    /// The publication number `number`: between 1 and 60 pairs, so that lengths differ from commit to commit.
    package static func publication(_ number: Int, run: String = "run-1", pairs: Int? = nil) -> PublicationState {
        var state = PublicationState(run: run)
        state.counters.requests = number
        state.sourceRevision = "revision-\(number)"
        for index in 0..<(pairs ?? 1 + number * 7 % 60) {
            var pair = PublishedPair(consumer: "consumer-\(index)", provider: "provider-\(number)")
            let digits = String(number, radix: 16)
            pair.verifiedSHA256 = String(repeating: "0", count: max(0, 64 - digits.count)) + digits
            pair.version = "main-\(number)"
            pair.publishedAt = "2026-11-23T01:02:03+00:00"
            pair.verifiedAt = "2026-11-23T01:02:03.456Z"
            pair.attempts = number &+ index
            state.pairs.append(pair)
        }
        return state
    }

    /// The number whose pattern `state` is exactly, or `nil` if it is a mixture.
    package static func number(of state: PublicationState) -> Int? {
        let number = state.counters.requests
        return state == publication(number, run: state.run, pairs: state.pairs.count) ? number : nil
    }

    /// The broker section number `number`, small enough to be killed at each of its stores: between 300 and 1,300 bytes.
    ///
    /// - Parameter padding: Bytes that make it longer; more than 4,096 of them do not fit into the first slot.
    package static func broker(_ number: Int, padding: Int? = nil) -> BrokerState {
        let letter = String(UnicodeScalar(UInt8(0x61 + number % 26)))
        var state = BrokerState(run: "run-1", url: String(repeating: letter, count: padding ?? number * 337 % 1000))
        state.detail = "number \(number)"
        state.version = "\(number).0"
        state.consecutiveFailures = number
        state.latencyMilliseconds = number * 3
        state.checks = ["ready": number]
        return state
    }

    /// The number whose pattern `state` is exactly, or `nil` if it is a mixture.
    package static func number(of state: BrokerState) -> Int? {
        let number = state.consecutiveFailures
        return number >= 0 && state == broker(number, padding: state.url.utf8.count) ? number : nil
    }
}
