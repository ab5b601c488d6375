import Glibc
import TestSupport
import Testing

/// Limits of running processes, by prlimit(1).
enum ResourceLimit {
    static let program = "/usr/bin/prlimit"

    /// Why it cannot be used; `nil` if it can.
    static var obstacle: String? {
        access(program, X_OK) == 0 ? nil : "\(program) (util-linux) is not installed"
    }

    /// - Parameters:
    ///   - option: For example `--nofile=4:4096`: soft and hard.
    ///   - wrapper: A program that changes to the process's user; root may not be allowed to.
    static func set(_ pid: Int32, _ option: String, wrapper: [String] = []) throws {
        let command = wrapper + [program, "--pid", "\(pid)", option]
        let run = try TestChildProcess(command[0], Array(command.dropFirst()), environment: [])
        let (exit, output) = try run.wait(within: .seconds(10))
        try #require(exit == .code(0), "\(output)")
    }
}
