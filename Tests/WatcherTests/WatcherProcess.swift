import Glibc
import Shared
import TestSupport
import Testing

/// The built `watcher` with a state directory and a contract directory of its own.
final class WatcherProcess {
    let child: TestChildProcess
    let state: StateReader
    let stateDirectory: StateDirectory

    /// - Parameters:
    ///   - wrapper: A program and its arguments that run the watcher.
    ///   - program: Another build of it, by its path.
    init(
        contracts: String,
        stateDirectory path: String,
        run: String = "run-1",
        variables: [String: String] = [:],
        wrapper: [String] = [],
        program: String? = nil
    ) throws {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError(call: "mkdir", number: errno, subject: path) }
        stateDirectory = try StateDirectory(resolved: path)
        state = StateReader(directory: stateDirectory)
        var environment = ["CONFIGMAP_PATH": contracts, "MANAGER_STATE_DIR": path, "MANAGER_RUN_ID": run]
        environment.merge(variables) { _, new in new }
        let command = wrapper + [try program ?? BuiltProducts.path("watcher")]
        child = try TestChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: environment.map { "\($0)=\($1)" }
        )
    }

    /// The section as it was when it could last be read, of whatever run.
    func source() -> SourceState? {
        if case .content(let source, _) = state.read(SourceState.self) { return source }
        return state.lastGood(SourceState.self)?.content
    }

    /// Waits for the section to say something, woken by each commit.
    @discardableResult
    func wait(
        for what: String,
        within limit: Duration = .seconds(20),
        _ condition: (SourceState) -> Bool
    ) throws -> SourceState {
        let deadline = MonotonicTime.now() + limit
        while true {
            let word = state.changeWord()
            if let source = source(), condition(source) { return source }
            guard MonotonicTime.now() < deadline else {
                let log = child.end(with: SIGTERM, within: .seconds(5))
                throw TestSupportError.childFailed(
                    path: child.path,
                    waitingFor: what,
                    output: "ended with \(log); section: \(source().map { "\($0)" } ?? "none")"
                )
            }
            _ = state.waitForChange(after: word, timeout: .milliseconds(50))
        }
    }

    /// Reads the log up to a line that contains `text`.
    @discardableResult
    func line(containing text: String, within limit: Duration = .seconds(20)) throws -> String {
        let deadline = MonotonicTime.now() + limit
        while let line = try child.readLine(within: max(.milliseconds(1), deadline - .now())) {
            if line.contains(text) { return line }
        }
        throw TestSupportError.childFailed(path: child.path, waitingFor: text, output: "ended")
    }

    /// The bytes of a pair's stored contract.
    func stored(_ pair: DesiredPair?) throws -> [UInt8]? {
        guard let sha256 = pair?.sha256 else { return nil }
        return try ContractStore(directory: stateDirectory)
            .load(sha256, limit: 1 << 20) { ContentHash.sha256Hex($0) }
    }
}
