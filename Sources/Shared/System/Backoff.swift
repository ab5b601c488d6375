/// Growing waits with equal jitter, so that replicas that failed together do not come back together.
package struct Backoff: Equatable, Sendable {
    package var first: Duration
    package var maximum: Duration

    package init(first: Duration = .milliseconds(200), maximum: Duration = .seconds(30)) {
        self.first = first
        self.maximum = maximum
    }

    /// The wait before repetition number `attempt`.
    ///
    /// `first` · 2^(attempt − 1), at most `maximum`, then uniform in [d/2, d]. With the defaults attempts 1, 2, 5, 9
    /// wait at most 0.2 s, 0.4 s, 3.2 s, 30 s.
    ///
    /// - Parameters:
    ///   - attempt: 1 for the first repetition.
    ///   - random: Uniform in 0...1.
    package func delay(attempt: Int, random: Double) -> Duration {
        let doublings = min(max(0, attempt - 1), 40)
        var delay = first
        for _ in 0..<doublings where delay < maximum { delay = delay * 2 }
        delay = min(delay, maximum)
        return delay / 2 + delay / 2 * min(max(random, 0), 1)
    }
}

/// SplitMix64: jitter that a test can repeat. Not for secrets.
package struct JitterSource: Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// Uniform in 0..<1.
    package mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((bits ^ (bits >> 31)) >> 11) / Double(UInt64(1) << 53)
    }
}
