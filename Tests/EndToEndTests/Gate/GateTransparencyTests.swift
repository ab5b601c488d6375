import Glibc
import Shared
import TestSupport
import Testing

/// After exec nothing of the gate remains, and until then it ends as any program would.
@Suite(.serialized, .timeLimit(.minutes(2))) struct GateTransparencyTests {
    static let nowhere = ["--provider", "P", "--manager", "http://127.0.0.1:1", "--timeout", "200ms"]
    static let endless = ["--provider", "P", "--manager", "http://127.0.0.1:1", "--timeout", "60s"]

    /// Descriptors, signals, limits, umask, place, environment: everything that a process inherits.
    static let inventory = """
        cd /; cat /proc/self/limits; grep -E '^(Sig[PBIC]|Shd|Umask|NoNewPrivs|Seccomp:|Cpus_allowed:|Cap)' /proc/self/status
        for f in /proc/$$/fd/*; do echo "fd ${f##*/}"; done
        cat /proc/$$/timerslack_ns /proc/$$/oom_score_adj; ulimit -a; pwd
        tr '\\0' '\\n' < /proc/$$/environ | grep -v ^PACT_CONTRACT
        echo "$0 $#"; ps -o ppid=,stat= -p $$ | wc -l
        """

    func run(_ words: [String]) throws -> (exit: TestChildProcess.Exit, output: String) {
        try TestChildProcess(
            words[0],
            Array(words.dropFirst()),
            environment: ["PATH=/usr/bin:/bin", "ODD=\u{1}x", "ODD=2"]
        )
        .wait(within: .seconds(20))
    }

    @Test(arguments: [
        [], ["--block-signal=USR1", "--ignore-signal=HUP", "--ignore-signal=PIPE"], ["--default-signal=PIPE"],
    ])
    func nothingRemains(signals: [String]) throws {
        let wrapper = ["/usr/bin/env"] + signals
        let shell = ["/bin/sh", "-c", "exec 2>&1 7</dev/null; " + Self.inventory, "name", "a b", ""]
        let gate = [try BuiltProducts.path("wait-for-contract")] + Self.nowhere + ["--"]
        let plain = try run(wrapper + shell)
        let gated = try run(wrapper + gate + shell)
        let lines = gated.output.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("wait-for-contract: ") }
        #expect(plain.exit == .code(0) && gated.exit == .code(0))
        #expect(plain.output.contains("SigIgn") && plain.output.contains("fd 7\n"), "\(plain.output)")
        #expect(lines.joined(separator: "\n") == plain.output)
    }

    @Test func closedStandardDescriptorsStayClosedAndTakeNoLine() throws {
        let gate = try BuiltProducts.path("wait-for-contract")
        let arguments = (Self.nowhere + ["--", "/bin/ls", "/proc/self/fd"]).joined(separator: " ")
        let result = try run(["/bin/sh", "-c", "exec 0<&- 2>&-; exec \(gate) \(arguments)"])
        // ls itself opens the directory: the lowest free number.
        #expect(result.output == "0\n1\n", "\(result.output)")
        #expect(result.exit == .code(0))
    }

    @Test func aClosedStandardErrorIsNoDescriptorOfOurs() throws {
        let gate = try BuiltProducts.path("wait-for-contract")
        let words = ["-c", "exec 2>&-; exec \(gate) \(Self.endless.joined(separator: " "))"]
        let process = try TestChildProcess("/bin/sh", words)
        defer { process.end(with: SIGKILL, within: .seconds(5)) }
        var target = ""
        let deadline = MonotonicTime.now() + .seconds(10)
        while target.isEmpty, MonotonicTime.now() < deadline {
            sched_yield()
            var buffer = [CChar](repeating: 0, count: 100)
            let count = readlink("/proc/\(process.processID)/fd/2", &buffer, buffer.count)
            // Before that: the test's own pipe, until the shell has closed it; then, for a moment each, libraries.
            let text = String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
            if text == "/" || text.hasPrefix("anon_inode:") || text.hasPrefix("socket:") { target = text }
        }
        #expect(target == "/")
    }

    /// Whoever should read the lines does not: they are lost, the command is not.
    @Test func aFullPipeDoesNotHoldTheCommandBack() throws {
        let directory = try TemporaryDirectory()
        let gate = try BuiltProducts.path("wait-for-contract")
        let arguments = (Self.nowhere + ["--", "/bin/echo", "ran"]).joined(separator: " ")
        let result = try run([
            "/bin/sh", "-c",
            "mkfifo \(directory.path)/f; exec 3<>\(directory.path)/f; "
                + "dd if=/dev/zero of=\(directory.path)/f bs=4096 oflag=nonblock 2>/dev/null; "
                + "exec \(gate) \(arguments) 2>\(directory.path)/f",
        ])
        #expect(result.output == "ran\n" && result.exit == .code(0), "\(result.output)")
    }

    @Test func bytesThatAreNoTextArriveAsTheyWere() throws {
        let gate = try BuiltProducts.path("wait-for-contract")
        let arguments = Self.nowhere.joined(separator: " ")
        let script =
            #"X=$(printf 'x\377y'); export X; exec "# + "\(gate) \(arguments) -- "
            + #"/bin/sh -c 'printf %s:%s "$1" "$X" | od -An -tx1' sh "$(printf 'a\377\376b')""#
        let result = try run(["/bin/sh", "-c", script])
        #expect(result.output.contains("61 ff fe 62 3a 78 ff 79"), "\(result.output)")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1]) func aSignalEndsTheWait(signal: Int32) throws {
        // A core file of SIGQUIT is nobody's wish.
        let gate = try GateProcess.start(
            Self.endless,
            command: GateProcess.report,
            wrapper: ["/bin/sh", "-c", "ulimit -c 0; exec \"$@\"", "sh"]
        )
        _ = try GateProcess.line(gate, containing: "waiting for")
        gate.signal(signal)
        let (exit, output) = try gate.wait(within: .seconds(5))
        #expect(exit == .signal(signal) && !output.contains("READY="), "\(output)")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT]) func asPIDOneASignalEndsItWith128AndItsNumber(signal: Int32)
        throws
    {
        if let obstacle = PIDOneTests.obstacle {
            print("skipped: \(obstacle)")
            return
        }
        let gate = try GateProcess.start(Self.endless, command: GateProcess.report, wrapper: PIDOneTests.unshare)
        _ = try GateProcess.line(gate, containing: "waiting for")
        let one = try #require(ProcessTree.children(of: gate.processID).first)
        kill(one, signal)
        let (exit, output) = try gate.wait(within: .seconds(5))
        #expect(exit == .code(128 + signal), "\(output)")
    }

    @Test func theCommandsOwnSignalsAndExitCodesAreTheGates() throws {
        let seven = try GateProcess.start(Self.nowhere, command: ["/bin/sh", "-c", "exit 7"])
        #expect(try seven.wait(within: .seconds(20)).exit == .code(7))
        let gate = try GateProcess.start(
            Self.nowhere,
            // Nothing in the background, which a kill that comes before its exec would not reach.
            command: [
                "/bin/sh", "-c", "trap 'echo caught; exit 3' TERM; echo is-running; while :; do sleep 0.05; done",
            ]
        )
        _ = try GateProcess.line(gate, containing: "is-running")
        gate.signal(SIGTERM)
        let (exit, output) = try gate.wait(within: .seconds(5))
        #expect(exit == .code(3) && output.contains("caught"), "\(output)")
        let killed = try GateProcess.start(Self.nowhere, command: ["/bin/sh", "-c", "kill -ABRT $$"])
        #expect(try killed.wait(within: .seconds(20)).exit == .signal(SIGABRT))
    }

    static let commands: [([String], Int32)] = [
        (["--", "/nowhere/at/all"], Int32(127)), (["--", "no-such-command"], 127), (["--", "/etc/passwd"], 126),
        (["--", "/"], 126),
    ]

    @Test(arguments: commands)
    func aCommandThatCannotRunHasTheShellsCodes(tail: [String], code: Int32) throws {
        let result = try GateProcess.start(Self.nowhere + tail).wait(within: .seconds(20))
        #expect(result.exit == .code(code), "\(result.output)")
        #expect(result.output.contains("cannot be started: execve"), "\(result.output)")
    }

    static let usages: [([String], String)] = [
        ([], "--provider"), (["--provider", "P", "ls"], "ls"), (["--provider", "P", "--timeout", "x"], "--timeout"),
        (["--provider", "P", "--on-timeout", "x"], "on-timeout"),
        (["--check", "--provider", "P", "--", "ls"], "--check"),
        (["--provider", "P", "--broker", "https://b"], "https is not built"),
        (["--provider", "P", "--manager", "http://a", "--broker", "http://b"], "not both"), (["install"], "directory"),
    ]

    @Test(arguments: usages)
    func wrongUsageIs64(arguments: [String], word: String) throws {
        let result = try GateProcess.start(arguments).wait(within: .seconds(10))
        #expect(result.exit == .code(64) && result.output.contains(word), "\(result.output)")
    }

    @Test func aBuildThatNeedsLibrariesIsNotInstalled() throws {
        let directory = try TemporaryDirectory()
        let result = try GateProcess.start(["install", directory.path]).wait(within: .seconds(10))
        #expect(result.exit == .code(1) && result.output.contains("make gate"), "\(result.output)")
        #expect(try FileNames.inDirectory(directory.path).isEmpty)
    }
}
