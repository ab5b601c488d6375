import Glibc
import Shared
import Synchronization
import TestSupport

/// Notes when this machine stood still, by a thread that wants a processor every 10 ms: a probe that had no answer while
/// even this one had no turn says nothing about who should have answered.
final class MachineWatch: Sendable {
    /// Of this process; the thread lives as long.
    static let shared = MachineWatch()

    private struct State {
        /// When the thread ran last.
        var last = MonotonicTime.now()
        var stalls: [(from: MonotonicTime, until: MonotonicTime)] = []
    }

    private let state = Mutex(State())
    /// Later than this is a stall: other threads of a busy machine take turns of a few milliseconds.
    private static let tolerance = Duration.milliseconds(100)

    private init() {
        _ = TestThread { [self] in
            while true {
                _ = poll(nil, 0, 10)
                note(.now())
            }
        }
    }

    private func note(_ now: MonotonicTime) {
        state.withLock { state in
            if now - state.last > Self.tolerance { state.stalls.append((state.last, now)) }
            state.last = now
        }
    }

    /// How long it stood still between the two, the stall that has not ended included.
    func stall(from: MonotonicTime, until: MonotonicTime) -> Duration {
        let stalls = state.withLock { state in
            let now = MonotonicTime.now()
            return state.stalls + (now - state.last > Self.tolerance ? [(state.last, now)] : [])
        }
        return stalls.reduce(.zero) { $0 + max(.zero, min($1.until, until) - max($1.from, from)) }
    }
}
