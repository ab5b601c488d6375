internal import CLinux

/// Gives the memory of the start back, once, when a process has been at rest for the first time.
///
/// A start reads settings, links libraries, looks up types: two thirds of the pages that it maps are never used again
/// (measured: docs/performance.md), and count for each process that has them mapped.
package struct StartMemory: Sendable {
    /// Long enough for the first contracts and the first check of the broker.
    package static let patience = Duration.seconds(5)
    private var due: MonotonicTime?

    /// - Parameter now: When the process has begun.
    package init(now: MonotonicTime = .now()) { due = now + Self.patience }

    /// To be called now and then; needs no wake-up of its own.
    ///
    /// - Returns: True if it was given back by this call.
    @discardableResult
    package mutating func release(now: MonotonicTime) -> Bool {
        guard let due, now >= due else { return false }
        self.due = nil
        clinux_release_start_memory()
        return true
    }
}
