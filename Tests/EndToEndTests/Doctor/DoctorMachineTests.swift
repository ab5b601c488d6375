import CLinux
import Glibc
import Shared
import TestSupport
import Testing

/// `manager doctor` and a machine that lacks something, programs that do not work, and secrets that must not be seen.
@Suite(.timeLimit(.minutes(3))) struct DoctorMachineTests {
    private let stage: DoctorStage
    private let broker: LocalBrokerProcess

    init() throws {
        broker = try LocalBrokerProcess()
        stage = try DoctorStage(brokerURL: broker.url)
    }

    @Test func settingsThatAreWrong() throws {
        let report = try stage.expect(
            [.settingsValues],
            odd: [.settingsNames, .healthPort],
            ["HEALTH_PORT": "many", "BROKRE_URL": "x", "READINESS_MODE": "some"]
        )
        #expect(report[.settingsValues].count == 2 && report[.healthPort].count == 1)
        // The rest was looked at all the same.
        #expect(report[.brokerWrite].first?.mark == .good && report[.sourceContracts].first?.mark == .good)
    }

    @Test func aBrokerURLThatIsNoneIsNotAsked() throws {
        let report = try stage.expect([.settingsValues], odd: [.brokerURL], ["BROKER_URL": "broker:9292"])
        let lines = report.lines.filter { $0.check.group == "broker" }
        #expect(lines.map(\.found) == ["not looked at: BROKER_URL is not usable"], "\(report.output)")
    }

    @Test func contractsWhoseSettingsAreWrongAreNotRead() throws {
        let report = try stage.expect([.settingsValues], odd: [.sourceOrigin], ["CONTRACT_SOURCE": "somewhere"])
        #expect(report.lines.filter { $0.check.group == "source" }.count == 1, "\(report.output)")
    }

    @Test func aRelativeStateDirectoryFailsOnce() throws {
        // Broker and contracts do without the state.
        let report = try stage.expect([.settingsValues], odd: [.stateDirectory], ["STATE_DIR": "state"])
        #expect(report[.settingsValues].count == 1, "\(report.output)")
    }

    @Test func noCommitIsNamed() throws {
        try stage.expect([], odd: [.settingsVersion], ["GIT_COMMIT": ""])
    }

    /// Root passes every check of permissions there.
    @Test func theStateDirectoryIsTheKernels() throws {
        let report = try stage.expect([.stateDirectory], ["STATE_DIR": "/proc/pact-mocks-manager"])
        #expect(report[.stateDirectory].first?.found.contains("/proc is proc") == true, "\(report.output)")
    }

    @Test func somebodyElseHasThePort() throws {
        let socket = try checked("listen", "", clinux_listen_tcp("127.0.0.1", 0, 1))
        defer { close(socket) }
        let port = try checked("getsockname", "", clinux_bound_port(socket))
        let report = try stage.expect([.healthPort], ["HEALTH_PORT": String(port), "HEALTH_HOST": "127.0.0.1"])
        #expect(report[.healthPort].first?.found.contains("pid \(getpid())") == true, "\(report.output)")
    }

    @Test func theStateDirectoryIsALink() throws {
        try #require(symlink("/tmp", "\(stage.directory.path)/link") == 0)
        let report = try stage.expect([.stateDirectory], ["STATE_DIR": "\(stage.directory.path)/link"])
        #expect(report[.stateDirectory].first?.found.contains("it is a symlink") == true)
    }

    @Test func theStateDirectoryIsReadOnly() throws {
        guard geteuid() == 0, access("/usr/bin/unshare", X_OK) == 0 else {
            print("skipped: needs root and unshare")
            return
        }
        let path = stage.directory.path
        try stage.directory.write("state/.keep", "")
        chmod("\(path)/state", 0o700)
        let script =
            "mount --bind '\(path)/state' '\(path)/state' && mount -o remount,ro,bind '\(path)/state' && exec \"$@\""
        let all = stage.variables.merging(["BROKER_URL": broker.url]) { $1 }
        let process = try TestChildProcess(
            "/usr/bin/unshare",
            ["-m", "/bin/sh", "-c", script, "sh", try BuiltProducts.path("manager"), "doctor"],
            environment: all.map { "\($0.key)=\($0.value)" }
        )
        let (exit, output) = try process.wait(within: .seconds(60))
        #expect(exit == .code(1) && output.contains("fail  state.directory"), "\(output)")
        #expect(output.contains("read-only") && output.contains("emptyDir"), "\(output)")
    }

    @Test func thereAreFewDescriptors() throws {
        guard access("/usr/bin/prlimit", X_OK) == 0 else {
            print("skipped: needs prlimit")
            return
        }
        let all = stage.variables.merging(["BROKER_URL": broker.url]) { $1 }
        let process = try TestChildProcess(
            "/usr/bin/prlimit",
            ["--nofile=512:512", try BuiltProducts.path("manager"), "doctor"],
            environment: all.map { "\($0.key)=\($0.value)" }
        )
        let (exit, output) = try process.wait(within: .seconds(60))
        #expect(
            exit == .code(0) && output.contains("warn  limits.files") && output.contains("512 open files"),
            "\(output)"
        )
    }

    // MARK: Workers that do not work

    /// A directory with all workers, this one a shell script.
    private func programs(_ worker: String, _ script: String) throws -> [String: String] {
        let directory = "\(stage.directory.path)/programs"
        try stage.directory.write("programs/\(worker)", "#!/bin/sh\n\(script)\n")
        chmod("\(directory)/\(worker)", 0o755)
        for name in WorkerName.allCases.map(\.rawValue) where name != worker {
            try #require(symlink(try BuiltProducts.path(name), "\(directory)/\(name)") == 0)
        }
        return ["WORKER_DIRECTORY": directory]
    }

    @Test func aWorkerThatCrashes() throws {
        let report = try stage.expect([.programsPublisher], try programs("publisher", "kill -SEGV $$"))
        #expect(report[.programsPublisher].first?.found == "it died of SIGSEGV")
        #expect(report[.sourceContracts].first?.mark == .good)
    }

    @Test func aWorkerThatHangsWithWhatItHasStarted() throws {
        let file = "\(stage.directory.path)/pid"
        let changes = try programs("watcher", "sleep 600 & echo $! > \(file)\nwait")
        let begin = MonotonicTime.now()
        let report = try stage.expect([.programsWatcher], changes, arguments: ["--timeout", "1"])
        #expect(report[.programsWatcher].first?.found == "it was not done after 1 s and was killed")
        #expect(MonotonicTime.now() - begin < .seconds(20))
        #expect(report[.brokerWrite].first?.mark == .good)
        let pid = try #require(Int32(try RepositoryFile.text(file).filter(\.isNumber)))
        // Its group died with it; whoever adopts the orphan may not have reaped it yet.
        let state = (try? RepositoryFile.text("/proc/\(pid)/stat"))
            .flatMap { $0.split(separator: ")").last?.first { $0 != " " } }
        #expect(state == nil || state == "Z" || state == "X", "\(String(describing: state))")
    }

    @Test func aWorkerThatSaysSomethingElse() throws {
        let changes = try programs("publisher", "echo $BROKER_PASSWORD; echo $BROKER_PASSWORD >&2; exit 0")
        let report = try stage.expect(
            [.programsPublisher],
            changes.merging(["BROKER_PASSWORD": "hidden-password"]) { $1 }
        )
        #expect(!report.output.contains("hidden-password"), "\(report.output)")
        #expect(report[.programsPublisher].first?.found == "line 1 of what it said is no result", "\(report.output)")
    }

    @Test func aWorkerThatIsMissing() throws {
        let changes = try programs("publisher", "exit 0")
        unlink("\(stage.directory.path)/programs/publisher")
        let report = try stage.expect([.programsDirectory], changes)
        #expect(report[.programsDirectory].first?.found.contains("programs/publisher") == true)
        #expect(report.lines.allSatisfy { $0.check.group != "broker" && $0.check.group != "source" })
    }

    // MARK: Secrets

    @Test func noSecretIsEverPrinted() throws {
        let secrets = ["hidden-password", "hidden-token", "hidden-proxy", "hidden-user", "hidden-kubernetes"]
        try stage.directory.write("token", "hidden-kubernetes\n")
        // A proxy's page may repeat all that it was sent.
        let parrot = try StubHTTPServer { request in
            .response(403, body: Array(request.headerLines.joined(separator: "\n").utf8))
        }
        defer { parrot.stop() }
        let kubernetes = [
            "KUBERNETES_API_URL": parrot.url, "KUBERNETES_TOKEN_FILE": "\(stage.directory.path)/token",
            "NAMESPACE": "pact",
        ]
        let setUps: [[String: String]] = [
            ["BROKER_URL": parrot.url, "BROKER_USERNAME": "hidden-user", "BROKER_PASSWORD": "hidden-password"],
            ["BROKER_URL": parrot.url, "BROKER_TOKEN": "hidden-token", "BROKER_PASSWORD": "hidden-password"],
            ["BROKER_URL": "http://hidden-user:hidden-password@\(parrot.url.dropFirst(7))"],
            ["BROKER_URL": "hidden-user:hidden-password@nowhere", "BROKER_TOKEN": "hidden\ntoken"],
            ["BROKER_PASSWORD_FILE": "/nonexistent", "BROKER_TOKEN": "hidden-token"],
            ["http_proxy": "http://hidden-user:hidden-proxy@\(parrot.url.dropFirst(7))"],
            ["https_proxy": "gopher://hidden-user:hidden-proxy@x", "BROKER_URL": "https://127.0.0.1:1"],
        ]
        let encoded = ["hidden-user:hidden-password", "hidden-user:hidden-proxy"]
            .map { Base64.encodeToString(Array($0.utf8)) }
        for setUp in setUps {
            for arguments in [["doctor"], ["doctor", "--json"]] {
                let all = stage.variables.merging(kubernetes) { $1 }.merging(setUp) { $1 }
                let process = try TestChildProcess(
                    try BuiltProducts.path("manager"),
                    arguments,
                    environment: all.map { "\($0.key)=\($0.value)" }
                )
                let (exit, output) = try process.wait(within: .seconds(60))
                #expect(exit == .code(1) && !output.isEmpty)
                for secret in secrets + encoded {
                    #expect(!output.contains(secret), "\(setUp.keys.sorted()): \(secret) in\n\(output)")
                }
            }
        }
        #expect(parrot.requests.contains { $0.header("authorization") != nil })
    }
}
