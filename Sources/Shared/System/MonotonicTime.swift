internal import Glibc

/// A moment on CLOCK_MONOTONIC: comparable between processes of one boot, never set back, not a date.
package struct MonotonicTime: Comparable, Hashable, Sendable, Codable {
    /// Nanoseconds since an arbitrary point before the processes started (on Linux: the boot, without suspend).
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The moment `milliseconds` after the clock's zero; the form used in the state file.
    package init(milliseconds: Int64) {
        nanoseconds = milliseconds * 1_000_000
    }

    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Reads the clock. Only loops call this; decisions take the time as a parameter.
    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// A hundred years in milliseconds: what a clock since the boot can say, and far from where arithmetic overflows.
    private static let limit: Int64 = 36_525 * 86_400_000

    /// - Throws: `DecodingError.dataCorrupted` for what no clock says: a state file may hold anything.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let milliseconds = try container.decode(Int64.self)
        guard (-Self.limit...Self.limit).contains(milliseconds) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(milliseconds) ms are no time")
        }
        self.init(milliseconds: milliseconds)
    }

    /// Encoded as whole milliseconds.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    package static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }

    package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        MonotonicTime(nanoseconds: time.nanoseconds + duration.nanoseconds)
    }

    package static func - (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        MonotonicTime(nanoseconds: time.nanoseconds - duration.nanoseconds)
    }

    package static func - (a: MonotonicTime, b: MonotonicTime) -> Duration {
        .nanoseconds(a.nanoseconds - b.nanoseconds)
    }
}

extension Duration {
    /// The whole duration in nanoseconds, saturating at ±292 years.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }

    /// The whole duration in milliseconds, rounded towards zero.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
