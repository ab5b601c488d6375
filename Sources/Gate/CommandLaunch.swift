internal import CGate
internal import Glibc
import Shared

/// Turns this process into the command: no parent stays, so signals and the exit code are the command's own.
enum CommandLaunch {
    /// - Parameters:
    ///   - count: How many of the process's last arguments are the command.
    ///   - additions: `NAME=value`, in place of all of ``GateOutcome/variables``.
    /// - Returns: Only if it did not work.
    static func execute(lastArguments count: Int, adding additions: [String], name: String) -> GateExit {
        let first = cgate_argument_count() - Int32(count)
        let result = withArray(GateOutcome.variables) { names in
            withArray(additions) { cgate_execute(first, names, $0) }
        }
        let error = SystemError(call: "execve", number: -result, subject: name)
        GateConsole.say("the command cannot be started: \(error)")
        return -result == ENOENT ? .notFound : .cannotRun
    }

    private static func withArray<Result>(
        _ texts: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { buffer in
            // Never empty: it ends with NULL.
            body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
