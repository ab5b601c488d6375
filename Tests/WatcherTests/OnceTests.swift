import FoundationEssentials
import Glibc
import Shared
import TestSupport
import Testing

@testable import Watcher

@Suite("watcher --once", .timeLimit(.minutes(1)))
struct OnceTests {
    let directory: TemporaryDirectory
    let contracts: String

    init() throws {
        directory = try TemporaryDirectory()
        contracts = directory.path + "/contracts"
    }

    private func run(
        _ arguments: [String],
        _ variables: [String: String] = [:],
        wrapper: [String] = []
    ) throws -> (exit: TestChildProcess.Exit, output: String) {
        let command = wrapper + [try BuiltProducts.path("watcher")] + arguments
        let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CONFIGMAP_PATH=\(contracts)"]
        return try TestChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: environment + variables.map { "\($0)=\($1)" }
        )
        .wait(within: .seconds(30))
    }

    @Test("A good directory is a table and exit 0, and no state is touched")
    func good() throws {
        try directory.write("contracts/a.json", pact("Consumer", "Provider"))
        try directory.write("contracts/notes.txt", "x")
        let state = directory.path + "/state"
        let (exit, output) = try run(["--once"], ["STATE_DIR": state])
        #expect(exit == .code(0))
        let sha256 = ContentHash.sha256Hex(pact("Consumer", "Provider")).prefix(12)
        let rows = output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains(["CONSUMER", "PROVIDER", "SPEC", "INTERACTIONS", "FILES", "SHA256", "PROBLEM"]))
        #expect(rows.contains(["Consumer", "Provider", "2.0.0", "1", "a.json", String(sha256)]), "\(output)")
        #expect(output.contains("notes.txt: the name does not end in .json"))
        #expect(output.contains("\n1 pair from 1 key in "), "\(output)")
        #expect(access(state, F_OK) != 0)
    }

    @Test("A subdirectory is called one, whatever its name")
    func subdirectories() throws {
        try directory.write("contracts/a.json", pact("Consumer", "Provider"))
        mkdir(directory.path + "/contracts/sub", 0o755)
        mkdir(directory.path + "/contracts/more.json", 0o755)
        let (exit, output) = try run(["--once"])
        #expect(exit == .code(0))
        #expect(output.contains("  sub: a directory, and subdirectories are not read\n"), "\(output)")
        #expect(output.contains("  more.json: a directory, not a regular file\n"), "\(output)")
    }

    @Test("An invalid file is listed with line, column and reason, and exit 1; the rest is listed too")
    func invalid() throws {
        try directory.write("contracts/a.json", pact("Consumer", "Provider"))
        try directory.write("contracts/b.json", "{\n  \"consumer\": ]\n}")
        let (exit, output) = try run(["--once"])
        #expect(exit == .code(1))
        #expect(output.contains("Consumer"))
        #expect(output.contains("b.json:2:15: "), "\(output)")
        #expect(!output.contains("column"), "the position is told once: \(output)")
    }

    @Test("A conflict is exit 1 and names both files")
    func conflict() throws {
        try directory.write("contracts/a.json", pact("C", "P"))
        try directory.write("contracts/b.json", pact("C", "P", status: 500))
        let (exit, output) = try run(["--once"])
        #expect(exit == .code(1))
        #expect(output.contains("a.json, b.json"))
    }

    @Test("A missing directory is exit 1 and names what to correct; --contracts takes precedence")
    func missing() throws {
        let (exit, output) = try run(["--once"])
        #expect(exit == .code(1))
        #expect(output.contains("CONFIGMAP_PATH=\(contracts) does not exist"))
        let other = try run(["--once", "--contracts", contracts + "/x"])
        #expect(other.exit == .code(1))
        #expect(other.output.contains("--contracts \(contracts)/x does not exist"))
    }

    @Test("--json gives the same as one JSON object")
    func json() throws {
        try directory.write("contracts/a.json", pact("C", "P"))
        try directory.write("contracts/b.json", broken)
        let (exit, output) = try run(["--once", "--json"])
        #expect(exit == .code(1))
        struct Document: Decodable {
            var status: String
            var pairs: [DesiredPair]
            var invalid: [SourceState.InvalidKey]
            var revision: String
        }
        // Warnings about settings go to standard error, which the test reads too: the object begins at the brace.
        let start = try #require(output.firstIndex(of: "{"))
        let document = try JSONDecoder().decode(Document.self, from: Data(output[start...].utf8))
        #expect(document.status == "present")
        #expect(document.pairs.map(\.sha256) == [ContentHash.sha256Hex(pact("C", "P"))])
        #expect(document.invalid.map(\.key) == ["b.json"])
        #expect(document.revision == DesiredSet.revision(of: document.pairs))
    }

    @Test("What may not be read is named with the uid, file by file; a closed directory as a whole")
    func permissions() throws {
        if let obstacle = OtherUser.obstacle { return print("skipped: \(obstacle)") }
        #expect(chmod(directory.path, 0o755) == 0)
        try directory.write("contracts/a.json", pact("C", "P"))
        try directory.write("contracts/b.json", pact("C", "Q"))
        #expect(chmod(contracts + "/b.json", 0o600) == 0)
        let (exit, output) = try run(["--once"], wrapper: OtherUser.wrapper)
        #expect(exit == .code(1))
        #expect(output.contains("b.json: may not be read by uid 65534"), "\(output)")
        #expect(output.contains("1 pair from 2 keys"))
        #expect(chmod(contracts, 0o700) == 0)
        let closed = try run(["--once"], wrapper: OtherUser.wrapper)
        #expect(closed.exit == .code(1))
        #expect(closed.output.contains("CONFIGMAP_PATH=\(contracts) may not be read by uid 65534"))
    }

    @Test("A real subPath mount is named, for a file in the directory and for the whole path")
    func subPath() throws {
        let unshare = "/usr/bin/unshare"
        let probe = try TestChildProcess(unshare, ["-m", "/bin/sh", "-c", "mount --bind /tmp /tmp"])
            .wait(within: .seconds(10))
        guard probe.exit == .code(0) else {
            print("skipped: no mount namespace here (\(probe.output))")
            return
        }
        let volume = try KubeletVolume(directory.path + "/volume")
        try volume.publish(["a.json": pact("C", "P")])
        try directory.write("contracts/a.json", "")
        let watcher = try BuiltProducts.path("watcher")
        for (target, extra) in [(contracts + "/a.json", ""), (contracts + "/a.json", "rm -r \(volume.path)/..2*; ")] {
            let script = "mount --bind \(volume.path)/..data/a.json \(target) && \(extra)exec \(watcher) --once"
            let (_, output) = try TestChildProcess(
                unshare,
                ["-m", "/bin/sh", "-c", script],
                environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CONFIGMAP_PATH=\(contracts)"]
            )
            .wait(within: .seconds(20))
            #expect(
                output.contains("warning: a.json in CONFIGMAP_PATH=\(contracts): mounted with subPath"),
                "\(output)"
            )
            #expect(output.contains("what is read here is old") == !extra.isEmpty, "\(output)")
            #expect(output.contains("1 pair from 1 key"))
        }
    }

    @Test("Names and reasons cannot drive the terminal")
    func escapes() {
        #expect(TextTable.escaped("a\u{1B}[31mb\nc") == "a\\u{1B}[31mb\\u{A}c")
        #expect(TextTable.lines([["A", "B"], ["long", "x"], ["é", ""]]) == ["A     B", "long  x", "é"])
    }
}
