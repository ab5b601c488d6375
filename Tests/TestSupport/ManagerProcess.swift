internal import CLinux
internal import Glibc
package import Shared

/// The real `manager` with its real workers, in a state directory of its own, on a free port.
///
/// It is killed with this object; its workers die with it (parent-death signal).
package final class ManagerProcess {
    package let processID: Int32
    /// What it said so far, and waiting for more.
    package let log: LineCollector
    /// Where `state.json` is.
    package let stateDirectory: String
    package let port: UInt16
    package let client: TestHTTPClient
    package let state: StateReader
    /// When execve had succeeded.
    package let started: MonotonicTime

    private var exit: TestChildProcess.Exit?

    /// Starts the manager and waits until it says its port.
    ///
    /// - Parameters:
    ///   - variables: On top of a minimal environment; `STATE_DIR` and `HEALTH_PORT` are chosen if absent.
    ///   - wrapper: A program and arguments that run the manager, for example `["/usr/bin/setpriv", …]`.
    ///   - stateIsVisible: False: the state directory lies in a mount namespace of the manager's own.
    ///   - readsOutput: False: nobody reads its standard output after the line with its port.
    package init(
        variables: [String: String],
        stateDirectory: String,
        wrapper: [String] = [],
        stateIsVisible: Bool = true,
        readsOutput: Bool = true,
        within limit: Duration = .seconds(20)
    ) throws {
        var environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HEALTH_PORT": "0", "STATE_DIR": stateDirectory]
        environment.merge(variables) { _, new in new }
        let command = wrapper + [try BuiltProducts.path("manager")]
        var output: [Int32] = [-1, -1]
        try checked("pipe2", "", clinux_pipe(&output, false))
        defer { close(output[1]) }
        var pid: pid_t = 0
        var stage: UnsafePointer<CChar>?
        let result = withCStrings(command) { argv in
            withCStrings(environment.map { "\($0)=\($1)" }) { envp in
                [-1, output[1], output[1]]
                    .withUnsafeBufferPointer { descriptors in
                        command[0]
                            .withCString { path in
                                var request = clinux_spawn_request()
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
        started = .now()
        guard result == 0 else {
            close(output[0])
            throw TestSupportError.spawnFailed(path: command[0], stage: "spawn", number: -result)
        }
        processID = pid
        log = try LineCollector(owning: output[0], stopsAfter: readsOutput ? nil : "health.port=")
        let line: String
        do {
            line = try log.waitForLine(containing: "health.port=", within: limit)
        } catch {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            throw error
        }
        func value(_ name: String) -> String {
            line.split(separator: " ").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
                ?? ""
        }
        self.stateDirectory = value("state.directory")
        port = UInt16(value("health.port")) ?? 0
        client = try TestHTTPClient("http://127.0.0.1:\(port)")
        state = StateReader(
            directory: stateIsVisible
                ? try StateDirectory(resolved: self.stateDirectory) : StateDirectory.unprepared(setting: "/nowhere")
        )
    }

    deinit { _ = end(with: SIGKILL, within: .seconds(5)) }

    package func signal(_ number: Int32) {
        if exit == nil { _ = kill(processID, number) }
    }

    /// Sends `signal`, waits for the end, and kills it if it does not come in time.
    @discardableResult
    package func end(with signal: Int32, within limit: Duration) -> TestChildProcess.Exit {
        if let exit { return exit }
        self.signal(signal)
        if (try? log.waitForEnd(within: limit)) == nil { self.signal(SIGKILL) }
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        let result: TestChildProcess.Exit = status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
        exit = result
        return result
    }

    /// Waits until `condition` holds, looking again whenever the shared state changes (and ten times a second).
    package func wait(
        for what: String,
        within limit: Duration = .seconds(20),
        _ condition: () throws -> Bool
    ) throws {
        let deadline = MonotonicTime.now() + limit
        while true {
            let word = state.changeWord()
            if try condition() { return }
            guard MonotonicTime.now() < deadline else {
                let seen = log.lines.suffix(30).joined(separator: "\n")
                throw TestSupportError.timedOut(waitingFor: "\(what); log:\n\(seen)", received: 0)
            }
            _ = state.waitForChange(after: word, timeout: .milliseconds(100))
        }
    }

    /// The status code and body of a GET; code 0 if the connection failed.
    package func get(_ path: String) -> (code: Int, body: String) {
        guard let answer = try? client.get(path) else { return (0, "") }
        return (answer.status, answer.text)
    }

    /// The supervisor's section as it was last seen; `nil` before it is written for the first time.
    package var processes: ProcessesState? {
        if case .content(let content, _) = state.read(ProcessesState.self) { lastProcesses = content }
        return lastProcesses
    }

    /// The worker's present pid, from the supervisor's section.
    package func pid(of worker: WorkerName) -> Int32? {
        processes?.workers.first { $0.name == worker.rawValue }?.pid
    }

    private var lastProcesses: ProcessesState?
}
