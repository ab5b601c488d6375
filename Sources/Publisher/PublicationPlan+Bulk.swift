import Shared

extension PublicationPlan {
    /// How and when `/pacts/latest` is read.
    struct BulkReading: Equatable, Sendable {
        /// Read at least once in this process, or known to be too large.
        private(set) var isKnown = false
        private(set) var due: MonotonicTime?
        /// The broker was away, and nothing was read since.
        private(set) var isUnread = false
        private(set) var slow = 0
        /// Pairs are read one by one until then.
        private(set) var oneByOneUntil: MonotonicTime?
        private(set) var failures = 0
        /// What the last read failed with; `nil` after one that did not.
        private(set) var failure: Failure?
        /// The last complete read.
        private(set) var last: MonotonicTime?

        struct Failure: Equatable, Sendable {
            var status: BrokerState.Status
            var text: String
            /// Trying again soon will not help: credentials, a wrong address.
            var isRefusal: Bool
        }

        var isOneByOne: Bool { oneByOneUntil != nil }

        /// Due by the clock, or nothing has been read yet.
        func isDue(_ now: MonotonicTime) -> Bool {
            guard !isOneByOne else { return false }
            guard let due else { return !isKnown }
            return due <= now
        }

        mutating func ask(_ now: MonotonicTime) { due = min(due ?? now, now) }

        /// Whatever was found out about the broker before may be over.
        mutating func brokerIsBack(_ now: MonotonicTime) {
            oneByOneUntil = nil
            due = now
            isUnread = true
        }

        /// After a while the whole list is tried again.
        mutating func endOneByOne(_ now: MonotonicTime) {
            guard let until = oneByOneUntil, until <= now else { return }
            oneByOneUntil = nil
            due = now
        }

        mutating func hasSucceeded(_ now: MonotonicTime, isSlow: Bool) {
            slow = isSlow ? slow + 1 : 0
            last = now
            isKnown = true
            isUnread = false
            due = nil
            failures = 0
            failure = nil
        }

        mutating func hasFailed(_ failure: Failure, retryAt: MonotonicTime) {
            failures += 1
            self.failure = failure
            due = retryAt
        }

        mutating func readOneByOne(until end: MonotonicTime) {
            isKnown = true
            isUnread = false
            slow = 0
            failures = 0
            failure = nil
            oneByOneUntil = end
        }
    }
}
