/// The gate's own exit codes. Once the command runs, its exit code is the only one.
enum GateExit: Int32, CaseIterable, Sendable {
    /// Ready (`--check`, or no command was given); or timed out with `--on-timeout start` and no command.
    case ready = 0
    /// `install`, or a system call, failed.
    case failure = 1
    /// Wrong usage of the command line or of a setting.
    case usage = 64
    /// Not ready in time (`--on-timeout fail`), or not ready now (`--check`).
    case notReady = 75
    /// The command is there and cannot be run.
    case cannotRun = 126
    /// There is no such command.
    case notFound = 127

    /// One line for `--help`.
    var meaning: String {
        switch self {
        case .ready: "ready (--check, or no command given), or timed out with --on-timeout start and no command"
        case .failure: "`install` or a system call failed"
        case .usage: "wrong usage"
        case .notReady: "not ready in time with --on-timeout fail; with --check: not ready now"
        case .cannotRun: "the command cannot be run"
        case .notFound: "the command was not found"
        }
    }
}
