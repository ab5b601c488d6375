import Glibc
import Shared
import Synchronization
import TestSupport

/// Notes when this machine stood still, by a thread that wants a processor every 10 ms: a probe that had no answer while
/// even this one had no turn says nothing about who should have answered.
final class MachineWatch: Sendable {
    /// Of this process; the thread lives as long.
    static let shared = MachineWatch()

    private let turns = Mutex(Turns(first: .now()))

    private init() {
        _ = TestThread { [self] in
            while true {
                _ = poll(nil, 0, 10)
                turns.withLock { $0.note(.now()) }
            }
        }
    }

    /// How long it stood still between the two, the stall that has not ended included.
    func stall(from: MonotonicTime, until: MonotonicTime) -> Duration {
        turns.withLock { $0.stall(from: from, until: until, now: .now()) }
    }

    /// The turns that somebody had who wants one all the time; pure.
    struct Turns: Sendable {
        private var last: MonotonicTime
        private var stalls: [(from: MonotonicTime, until: MonotonicTime)] = []
        /// Later than this is a stall: other threads of a busy machine take turns of a few milliseconds.
        private static let tolerance = Duration.milliseconds(100)

        init(first: MonotonicTime) { last = first }

        mutating func note(_ now: MonotonicTime) {
            if now - last > Self.tolerance { stalls.append((last, now)) }
            last = now
        }

        func stall(from: MonotonicTime, until: MonotonicTime, now: MonotonicTime) -> Duration {
            let all = stalls + (now - last > Self.tolerance ? [(last, now)] : [])
            return all.reduce(.zero) { $0 + max(.zero, min($1.until, until) - max($1.from, from)) }
        }
    }
}
