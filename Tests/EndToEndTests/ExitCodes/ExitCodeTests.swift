import CLinux
import Glibc
import Shared
import TestSupport
import Testing

/// Every documented exit code, from the real programs.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ExitCodeTests {
    @Test(arguments: ExitCodeRow.all) func leavesWithItsCodeAndSaysWhy(row: ExitCodeRow) throws {
        let stage = try ExitCodeStage(row)
        let (exit, output) = try stage.run()
        #expect(exit == .code(row.code.rawValue), "\(output)")
        for words in row.says { #expect(output.contains(stage.filled(words)), "\(words) in: \(output)") }
    }

    /// A code that nobody tries is a promise that nobody keeps.
    @Test func everyDocumentedCodeHasARow() {
        #expect(Set(ExitCodeRow.all.map(\.code)) == Set(ExitCode.allCases))
    }

    @Test(arguments: ExitCodeRow.programs) func helpNamesEveryCodeThatTheProgramLeavesWith(program: String) throws {
        let help = try ExitCodeStage(ExitCodeRow(program: program, arguments: ["--help"], code: .success, says: []))
            .run().output
        // Long meanings are broken to the width of the screen.
        func words(_ text: String) -> String {
            text.filter { $0 != ":" }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        let shown = words(help)
        for code in Set(ExitCodeRow.all.filter { $0.program == program }.map(\.code)) {
            #expect(shown.contains(" \(code.rawValue) \(words(code.meaning))"), "\(code) in: \(help)")
        }
    }

    @Test func thePagesTableIsTheListOfCodes() throws {
        let lines = try RepositoryFile.text("docs/settings.md").split(separator: "\n", omittingEmptySubsequences: false)
        let title = try #require(lines.firstIndex(of: "## Exit codes"))
        let table = lines[title...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        #expect(table.map(String.init) == ExitCode.allCases.map { "| \($0.rawValue) | \($0.meaning) |" })
    }
}

/// What a row needs around it, for as long as its program runs.
private final class ExitCodeStage {
    private let row: ExitCodeRow
    private let directory: TemporaryDirectory
    private var values: [String: String] = [:]
    private var broker: LocalBrokerProcess?
    private var owner: TestChildProcess?
    private var listener: Int32?

    private static let contract =
        #"{"consumer":{"name":"web"},"provider":{"name":"orders"},"interactions":[{"description":"a","#
        + #""request":{"method":"GET","path":"/thing"},"response":{"status":200}}]}"#

    init(_ row: ExitCodeRow) throws {
        self.row = row
        directory = try TemporaryDirectory()
        for name in ["good", "bad"] {
            try directory.write("\(name)/good.json", Self.contract)
            values[name] = "\(directory.path)/\(name)"
        }
        try directory.write("bad/bad.json", "{]")
        values["directory"] = directory.path + "/empty"
        try #require(mkdir(directory.path + "/empty", 0o755) == 0)
        switch row.situation {
        case .nothing, .fullOutput, .signalled: break
        case .broker:
            let broker = try LocalBrokerProcess()
            self.broker = broker
            values["broker"] = broker.url
        case .portTaken:
            let listener = try ListeningSocket.listen(host: "::", port: 0)
            self.listener = listener
            values["port"] = String(ListeningSocket.port(listener))
        case .linkedState:
            try #require(symlink(directory.path + "/empty", directory.path + "/state") == 0)
        case .owned(let lock, let program): try own(lock, program)
        }
    }

    deinit {
        if let listener { close(listener) }
        owner?.end(with: SIGKILL, within: .seconds(5))
    }

    /// The text with this run's paths, ports and pids.
    func filled(_ text: String) -> String {
        values.reduce(text) { text, value in
            text.split(separator: "{\(value.key)}", omittingEmptySubsequences: false).joined(separator: value.value)
        }
    }

    func run() throws -> (exit: TestChildProcess.Exit, output: String) {
        let program = try start(row.program, row.arguments, row.environment)
        guard case .signalled(let signal, let after) = row.situation else {
            return try program.wait(within: .seconds(20))
        }
        var said = ""
        while let line = try program.readLine(within: .seconds(20)) {
            said += line + "\n"
            if line.contains(after) { break }
        }
        program.signal(signal)
        let (exit, rest) = try program.wait(within: .seconds(10))
        return (exit, said + rest)
    }

    private func own(_ lock: LockName, _ program: String) throws {
        let owner = try start(program, [], [:])
        self.owner = owner
        values["pid"] = String(owner.processID)
        let deadline = MonotonicTime.now() + .seconds(20)
        let path = directory.path + "/state"
        while (try? StateDirectory(resolved: path)).flatMap({ StateLocks.holder(lock, in: $0) })?.pid != owner.processID
        {
            try #require(MonotonicTime.now() < deadline, "\(program) does not own \(lock)")
            _ = poll(nil, 0, 5)
        }
    }

    private func start(
        _ program: String,
        _ arguments: [String],
        _ variables: [String: String]
    ) throws -> TestChildProcess {
        var environment = [
            "STATE_DIR": directory.path + "/state", "HEALTH_PORT": "0", "CONFIGMAP_PATH": "{good}",
            "GIT_COMMIT": "abc", "BROKER_URL": broker == nil ? "http://127.0.0.1:1" : "{broker}",
        ]
        environment.merge(variables) { _, new in new }
        var command = [try BuiltProducts.path(program)] + arguments.map(filled)
        if row.situation == .fullOutput {
            command = ["/bin/sh", "-c", "exec \"$@\" >/dev/full", "sh"] + command
        }
        return try TestChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: environment.map { "\($0.key)=\(filled($0.value))" }
        )
    }
}
