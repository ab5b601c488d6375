internal import Glibc

/// Every exit code of every process here, in one place. The numbers are those of sysexits.h.
package enum ExitCode: Int32, CaseIterable, Sendable {
    /// Done, or stopped by SIGTERM or SIGINT.
    case success = 0
    /// A one-shot finished and something of what it was asked for failed.
    case failure = 1
    /// `manager status` found no manager running.
    case notRunning = 3
    /// Wrong usage of the command line.
    case usage = 64
    /// The broker was not reachable within `--timeout` (one-shot only).
    case brokerUnavailable = 69
    /// A system call failed, or the port is taken.
    case systemFailure = 71
    /// Somebody else owns it: another manager on the state directory, another publisher.
    case alreadyOwned = 75
    /// A setting is wrong; the message names it.
    case badConfiguration = 78

    /// One line for `--help` and docs/settings.md.
    package var meaning: String {
        switch self {
        case .success: "done, or stopped by SIGTERM or SIGINT"
        case .failure: "a one-shot finished and something of what it was asked for failed"
        case .notRunning: "`manager status`: no manager is running"
        case .usage: "wrong usage of the command line"
        case .brokerUnavailable: "a one-shot could not reach the broker in time"
        case .systemFailure: "a system call failed, or the port is taken"
        case .alreadyOwned: "somebody else owns the state directory or the section"
        case .badConfiguration: "a setting is wrong; the message names it"
        }
    }
}

extension ExitCode {
    /// Ends the process with this code.
    package static func leave(_ code: ExitCode) -> Never { exit(code.rawValue) }
}
