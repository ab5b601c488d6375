import Shared

/// How much data segment each worker may have, so that a leaking worker dies alone.
///
/// Since Kubernetes 1.28 an OOM kill on cgroup v2 takes every process of the container (memory.oom.group); only a limit
/// per process, below the container's, keeps one leak from ending everything (FACTS: kubernetes PR 117793).
struct MemoryPlan: Equatable, Sendable {
    /// RLIMIT_DATA in bytes; a worker that is not in it is not limited.
    var limits: [WorkerName: UInt64]
    /// Why there are no limits although they were wanted.
    var warning: String?

    /// Above this, and without any limit, the container's limit says nothing about what a worker needs.
    static let largeContainer: UInt64 = 4 << 30
    /// Below this, three workers cannot share what there is.
    static let smallContainer: UInt64 = 96 << 20
    /// What a worker gets at least.
    static let least: UInt64 = 32 << 20

    /// - Parameter container: The least limit of the control groups in bytes; `nil`: none.
    init(setting: Settings.WorkerMemoryLimit, container: UInt64?) {
        switch setting {
        case .off: limits = [:]
        case .bytes(let bytes): limits = Dictionary(uniqueKeysWithValues: WorkerName.allCases.map { ($0, bytes) })
        case .auto:
            guard let container, container <= Self.largeContainer else {
                limits = [.publisher: 512 << 20, .watcher: 512 << 20, .healthServer: 256 << 20]
                return
            }
            guard container >= Self.smallContainer else {
                limits = [:]
                warning =
                    "the container's memory limit of \(container >> 20) MiB is too small to share: the workers have no "
                    + "limits of their own, and a leak in one ends all; give the container 96 MiB or more"
                return
            }
            limits = [
                .publisher: max(Self.least, container / 100 * 45),
                .watcher: max(Self.least, container / 100 * 25),
                .healthServer: max(Self.least, container / 100 * 20),
            ]
        }
    }
}
