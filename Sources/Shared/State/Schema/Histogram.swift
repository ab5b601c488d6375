/// How often durations fell into which range: counted since the start of a run, kept in the state or in a process.
package struct Histogram: Codable, Equatable, Sendable {
    /// The upper end of each bucket, which belongs to it, in ascending order: whole microseconds.
    package let bounds: [Int]
    /// Durations in each bucket alone; one more than `bounds`, for those beyond the last.
    package private(set) var counts: [Int]
    /// All durations together, in whole microseconds.
    package private(set) var sum: Int

    /// - Parameter bounds: Ascending microseconds; one of ``HistogramBounds``.
    package init(bounds: [Int]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
        sum = 0
    }

    /// One that could not have been counted comes out empty: sums over it would trap.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        bounds = try container.decode([Int].self, forKey: .bounds)
        let counts = try container.decode([Int].self, forKey: .counts)
        let sum = try container.decode(Int.self, forKey: .sum)
        let isPossible =
            counts.count == bounds.count + 1 && sum >= 0 && counts.allSatisfy { (0...Int.max / 64).contains($0) }
        self.counts = isPossible ? counts : Array(repeating: 0, count: bounds.count + 1)
        self.sum = isPossible ? sum : 0
    }

    /// Durations counted in all.
    package var count: Int { counts.reduce(0, +) }

    /// Counts a duration; a negative one (clocks of two processes read in the wrong order) as zero.
    package mutating func observe(_ duration: Duration) {
        let microseconds = max(0, Int(duration.nanoseconds / 1000))
        counts[bounds.firstIndex { microseconds <= $0 } ?? bounds.count] += 1
        sum = sum.addingReportingOverflow(microseconds).partialValue
    }

    /// What a predecessor has counted, if its buckets are ours.
    ///
    /// - Returns: An empty histogram where it has none, or has others.
    package static func carriedOver(_ previous: Histogram?, bounds: [Int]) -> Histogram {
        guard let previous, previous.bounds == bounds, previous.counts.count == bounds.count + 1 else {
            return Histogram(bounds: bounds)
        }
        return previous
    }
}

/// The buckets of every histogram that the metrics show, in microseconds. Fixed: Prometheus cannot add up what was
/// counted with different ones.
package enum HistogramBounds {
    /// A check of the broker: two or three requests, on the same machine a few milliseconds, at most 30 s.
    package static let brokerProbe = milliseconds(5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
    /// A publication: a 5 MB contract takes the broker 4 s (measured), at most 120 s.
    package static let publish = milliseconds(5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 120_000)
    /// From an edit to its proof: milliseconds through the API, until people act for one that was refused.
    package static let changeToPublished = milliseconds(
        25,
        50,
        100,
        250,
        500,
        1000,
        2500,
        5000,
        10_000,
        30_000,
        60_000,
        120_000,
        300_000,
        1_800_000
    )
    /// A request to the health server: a probe takes microseconds, a document of a thousand contracts milliseconds.
    package static let httpRequest = [50, 100, 250, 500] + milliseconds(1, 2, 5, 10, 25, 100, 250, 1000)
    /// A held request: at most 300 s.
    package static let wait = milliseconds(10, 50, 100, 500, 1000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000)

    private static func milliseconds(_ values: Int...) -> [Int] { values.map { $0 * 1000 } }
}
