import Glibc
import Shared
import TestSupport
import Testing

/// `publisher --once`, the built program against the built `local-broker`.
@Suite("The publisher's one-shot", .timeLimit(.minutes(2)))
struct PublisherOnceTests {
    private static func contract(_ consumer: String, _ provider: String, path: String = "/thing") -> String {
        #"{"consumer":{"name":"\#(consumer)"},"provider":{"name":"\#(provider)"},"interactions":[{"description":"a","#
            + #""request":{"method":"GET","path":"\#(path)"},"response":{"status":200}}]}"#
    }

    private func publisher(_ arguments: [String], _ environment: [String: String]) throws -> TestChildProcess {
        let all = ["GIT_COMMIT": "abc", "LOG_LEVEL": "info"].merging(environment) { $1 }
        return try TestChildProcess(
            try BuiltProducts.path("publisher"),
            arguments,
            environment: all.map { "\($0.key)=\($0.value)" }
        )
    }

    @Test func `once publishes a directory, proves it and exits 0`() throws {
        let broker = try LocalBrokerProcess()
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        try directory.write("b.json", Self.contract("web", "stock"))
        try directory.write("notes.txt", "ignored")
        let arguments = ["--once", "--contracts", directory.path, "--json"]
        let run = try publisher(arguments, ["BROKER_URL": broker.url]).wait(within: .seconds(60))
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(run.output.contains(#""published": 2"#))
        let latest = try broker.client.get("/pacts/provider/orders/consumer/web/latest")
        #expect(latest.header("x-pact-consumer-version") == "main-abc")
    }

    @Test func `one bad file exits 1 and does not stop the others`() throws {
        let broker = try LocalBrokerProcess()
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        try directory.write("b.json", "{")
        let arguments = ["--once", "--contracts", directory.path]
        let run = try publisher(arguments, ["BROKER_URL": broker.url]).wait(within: .seconds(60))
        #expect(run.exit == .code(1))
        let line = run.output.split(separator: "\n").first { $0.contains("b.json") }
        #expect(line?.hasSuffix("(line 1, column 2)") == true, "\(run.output)")
        #expect(line?.split(separator: "(").count == 2, "the position is told once")
        #expect(try broker.client.get("/pacts/provider/orders/consumer/web/latest").status == 200)
    }

    @Test func `a dry run sends nothing and names the version`() throws {
        let broker = try LocalBrokerProcess()
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        let arguments = ["--once", "--contracts", directory.path, "--dry-run"]
        let run = try publisher(arguments, ["BROKER_URL": broker.url]).wait(within: .seconds(60))
        #expect(run.exit == .code(0))
        #expect(run.output.contains("main-abc  would publish"))
        #expect(try !broker.requests().contains("method"))
    }

    @Test func `wrong credentials are told at once and no secret shows`() throws {
        let broker = try LocalBrokerProcess(username: "pact", password: "right")
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        let environment = ["BROKER_URL": broker.url, "BROKER_PASSWORD": "wr0ng"]
        let arguments = ["--once", "--contracts", directory.path]
        let run = try publisher(arguments, environment).wait(within: .seconds(60))
        #expect(run.exit == .code(1))
        #expect(run.output.contains("unauthorized"))
        #expect(run.output.contains("BROKER_USERNAME and BROKER_PASSWORD"))
        #expect(!run.output.contains("wr0ng"))
    }

    @Test func `an empty directory published nothing, and says so`() throws {
        let directory = try TemporaryDirectory()
        let run = try publisher(["--once", "--contracts", directory.path], [:]).wait(within: .seconds(60))
        #expect(run.exit == .code(1))
        #expect(run.output.contains("done result=\"nothing published\""), "\(run.output)")
    }

    /// The watcher says the same words.
    @Test func `a file that is too large is told its size`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a.json", "")
        try #require(truncate(directory.path + "/a.json", 18_138_969) == 0)
        let run = try publisher(["--once", "--contracts", directory.path], [:]).wait(within: .seconds(60))
        let words = "a.json: has 18138969 bytes, more than the 16 MiB that one file may have; not read"
        #expect(run.output.contains(words), "\(run.output)")
        let watcher = try TestChildProcess(
            try BuiltProducts.path("watcher"),
            ["--once", "--contracts", directory.path],
            environment: []
        )
        let other = try watcher.wait(within: .seconds(60)).output
        #expect(other.contains(words), "\(other)")
    }

    @Test func `a tag build that names no branch is warned of`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        let arguments = ["--once", "--contracts", directory.path, "--dry-run"]
        let system = [
            "GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag", "GITHUB_SHA": "deadbeef",
        ]
        let run = try publisher(arguments, system).wait(within: .seconds(60))
        #expect(run.output.contains("GitHub Actions builds the tag v1 and names no branch"), "\(run.output)")
        #expect(run.output.contains("as branch main; set --branch or GIT_BRANCH"))
        let named = try publisher(arguments + ["--branch", "release"], system).wait(within: .seconds(60))
        #expect(!named.output.contains("names no branch"), "\(named.output)")
    }

    @Test func `files and directories together, each named by its path`() throws {
        let broker = try LocalBrokerProcess()
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        try directory.write("b.json", Self.contract("web", "stock"))
        try directory.write("c.txt", Self.contract("web", "never"))
        mkdir(directory.path + "/more", 0o755)
        try directory.write("more/d.json", "{")
        let paths = ["b.json", "more", "c.txt"].map { "\(directory.path)/\($0)" }
        let arguments = ["--once", "--contracts"] + paths + ["--output", "json"]
        let run = try publisher(arguments, ["BROKER_URL": broker.url]).wait(within: .seconds(60))
        #expect(run.exit == .code(1), "\(run.output)")
        #expect(run.output.contains(#""published": 1"#))
        #expect(run.output.contains(#""invalid": 2"#))
        #expect(run.output.contains("\(directory.path)/more/d.json"))
        #expect(run.output.contains("\(directory.path)/c.txt: the name does not end in .json"))
        #expect(try broker.client.get("/pacts/provider/orders/consumer/web/latest").status == 404)
    }

    @Test func `a directory without contracts is a failure`() throws {
        let directory = try TemporaryDirectory()
        let arguments = ["--once", "--contracts", directory.path]
        let run = try publisher(arguments, ["BROKER_URL": "http://127.0.0.1:1"]).wait(within: .seconds(60))
        #expect(run.exit == .code(1))
        #expect(run.output.contains("no valid contract"))
        #expect(run.output.contains(directory.path))
    }

    @Test func `branch, commit, tags and build URL come from options and from the CI system`() throws {
        let broker = try LocalBrokerProcess()
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        let environment = [
            "BROKER_URL": broker.url, "GIT_COMMIT": "", "GITLAB_CI": "true", "CI_COMMIT_BRANCH": "feature/y",
            "CI_COMMIT_SHA": "0123456789abcdef", "CI_JOB_URL": "https://lab.example/7",
        ]
        let arguments = ["--once", "--contracts", directory.path, "--tag", "dev", "--tag", "two"]
        let run = try publisher(arguments, environment).wait(within: .seconds(60))
        #expect(run.exit == .code(0), "\(run.output)")
        #expect(run.output.contains("GitLab CI"))
        let latest = try broker.client.get("/pacts/provider/orders/consumer/web/latest")
        #expect(latest.header("x-pact-consumer-version") == "feature/y-0123456789abcdef")
        let version = try broker.client.get("/pacticipants/web/versions/feature%2Fy-0123456789abcdef").text
        for text in [
            #""name":"feature/y""#, #""buildUrl":"https://lab.example/7""#, #""name":"dev""#, #""name":"two""#,
        ] {
            #expect(version.contains(text), "\(text)")
        }
        let other = try publisher(arguments + ["--branch", "b", "--commit", "fedcba9"], environment)
            .wait(within: .seconds(60))
        #expect(other.output.contains("b-fedcba9"), "\(other.output)")
    }

    @Test func `a terminal sees a line that moves, a file does not`() throws {
        let broker = try LocalBrokerProcess()
        let directory = try TemporaryDirectory()
        try directory.write("a.json", Self.contract("web", "orders"))
        let program = try BuiltProducts.path("publisher")
        // script(1) of bsdutils, in every Debian and Ubuntu, gives it a terminal.
        let terminal = try TestChildProcess(
            "/usr/bin/script",
            ["-qec", "\(program) --once --contracts \(directory.path)", "/dev/null"],
            environment: ["BROKER_URL=\(broker.url)", "GIT_COMMIT=abc", "PATH=/usr/bin:/bin", "SHELL=/bin/sh"]
        )
        let seen = try terminal.wait(within: .seconds(60))
        #expect(seen.exit == .code(0), "\(seen.output)")
        #expect(seen.output.contains("0 of 1 published and read back"))
        #expect(seen.output.contains("\u{1B}[K"))
        let plain = try publisher(["--once", "--contracts", directory.path], ["BROKER_URL": broker.url])
            .wait(within: .seconds(60))
        #expect(!plain.output.contains("\u{1B}"))
    }
}
