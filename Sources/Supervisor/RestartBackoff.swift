import Shared

/// The wait before a worker that died young is started again.
///
/// `base · 2^(attempt − 1)`, at most `maximum`, then uniform in [d/2, d] ("equal jitter") so that workers do not
/// restart together. With 100 ms and 30 s, attempts 1, 2, 5 and 10 wait at most 0.1 s, 0.2 s, 1.6 s and 30 s.
struct RestartBackoff: Equatable, Sendable {
    var base: Duration
    var maximum: Duration

    /// The bound before jitter.
    ///
    /// - Parameter attempt: 1 for the first restart after a stable period.
    func bound(attempt: Int) -> Duration {
        var delay = base
        var left = attempt - 1
        while left > 0, delay < maximum {
            delay *= 2
            left -= 1
        }
        return min(delay, maximum)
    }

    /// - Returns: Between half of ``bound(attempt:)`` and all of it.
    func delay(attempt: Int, using generator: inout SplitMix64) -> Duration {
        let bound = bound(attempt: attempt).nanoseconds
        return .nanoseconds(bound / 2 + Int64(generator.next(below: UInt64(max(1, bound - bound / 2 + 1)))))
    }
}

/// A small seeded generator (Steele, Lea and Flood 2014), so that decisions with jitter replay from a seed.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in 0 ..< `bound`; `bound` is at least 1.
    mutating func next(below bound: UInt64) -> UInt64 {
        next().multipliedFullWidth(by: bound).high
    }
}
