internal import CLinux
internal import Glibc
internal import Shared
internal import Synchronization

/// A child process of a test: one of our own executables, with its output read through a pipe.
///
/// It dies with this object. Standard output and standard error come through one pipe, which is read all the time.
package final class TestChildProcess: Sendable {
    /// How a child ended.
    package enum Exit: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    /// The executable.
    package let path: String
    /// Valid until the end has been waited for.
    package let processID: Int32

    private struct State {
        /// The end of the child's standard input that is ours.
        var input: Int32
        var exit: Exit?
    }
    private let state: Mutex<State>
    private let output: ChildOutput
    /// One reader at a time.
    private let reading = Mutex(())

    /// Starts `path` with `arguments`, which do not repeat the path.
    ///
    /// - Parameter environment: `NAME=value`, the whole environment of the child; `nil` passes ours on.
    package init(_ path: String, _ arguments: [String] = [], environment: [String]? = nil) throws {
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        guard clinux_pipe(&input, false) == 0, clinux_pipe(&output, false) == 0 else {
            throw TestSupportError.socketFailed(call: "pipe", number: errno)
        }
        defer {
            close(input[0])
            close(output[1])
        }
        var pid: pid_t = 0
        var stage: UnsafePointer<CChar>?
        let result = withCStrings([path] + arguments) { argv in
            withCStrings(environment ?? ownEnvironment) { envp in
                [input[0], output[1], output[1]]
                    .withUnsafeBufferPointer { descriptors in
                        var request = clinux_spawn_request()
                        return path.withCString { path in
                            request.path = path
                            request.argv = argv
                            request.envp = envp
                            request.descriptors = descriptors.baseAddress
                            request.descriptor_count = descriptors.count
                            return clinux_spawn(&request, &pid, &stage)
                        }
                    }
            }
        }
        guard result == 0 else {
            close(input[1])
            close(output[0])
            let step = stage.map { String(cString: $0) } ?? "spawn"
            throw TestSupportError.spawnFailed(path: path, stage: step, number: -result)
        }
        self.path = path
        processID = pid
        state = Mutex(State(input: input[1]))
        self.output = try ChildOutput(owning: output[0])
    }

    deinit { end(with: SIGKILL, within: .seconds(5)) }

    /// The next line of its output, without the line feed; `nil` at the end of the output.
    ///
    /// - Throws: ``TestSupportError/timedOut(waitingFor:received:)``.
    package func readLine(within limit: Duration) throws -> String? {
        let deadline = MonotonicTime.now() + limit
        return try reading.withLock { _ in
            switch output.takeLine(until: deadline) {
            case .line(let line): return line
            case .end: return nil
            case .late: throw TestSupportError.timedOut(waitingFor: "a line of \(path)", received: output.unreadCount)
            }
        }
    }

    /// Sends a signal, if it has not been waited for yet.
    package func signal(_ number: Int32) {
        state.withLock { state in
            if state.exit == nil { _ = kill(processID, number) }
        }
    }

    /// Closes its standard input.
    package func closeInput() {
        state.withLock { state in
            if state.input >= 0 { close(state.input) }
            state.input = -1
        }
    }

    /// Waits for the end without asking for it.
    ///
    /// - Returns: How it ended and what it said that no ``readLine(within:)`` returned.
    /// - Throws: `timedOut`; then it still runs.
    package func wait(within limit: Duration) throws -> (exit: Exit, output: String) {
        let deadline = MonotonicTime.now() + limit
        return try reading.withLock { _ in
            guard let rest = output.takeRest(until: deadline) else {
                throw TestSupportError.timedOut(waitingFor: "end of \(path)", received: output.unreadCount)
            }
            return (state.withLock { reap(&$0) }, rest)
        }
    }

    /// Sends `signal`, waits, and kills it if it does not end within `limit`. Also when it has already ended.
    @discardableResult
    package func end(with signal: Int32, within limit: Duration) -> Exit {
        self.signal(signal)
        if let ended = try? wait(within: limit) { return ended.exit }
        self.signal(SIGKILL)
        return state.withLock { state in reap(&state) }
    }

    private func reap(_ state: inout State) -> Exit {
        if let exit = state.exit { return exit }
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        // The macros WIFEXITED and friends are not importable: the low seven bits are the signal (wait(2)).
        let exit: Exit = status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
        state.exit = exit
        if state.input >= 0 { close(state.input) }
        state.input = -1
        return exit
    }
}
