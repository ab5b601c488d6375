import Glibc
import Shared
import TestSupport
import Testing

@testable import Watcher

/// 1,000 random edits while everything between us and the ConfigMap fails at random, the watcher included.
///
/// All times of the watcher are a fiftieth, so that what takes minutes takes seconds: a watch is dead after 3 s.
/// `PMM_EDITS` chooses how many edits, `PMM_EDIT_SEED` repeats a run's plan.
@Suite("No edit is lost", .serialized, .timeLimit(.minutes(5)))
struct NoEditLostTests {
    private static let environment = ProcessEnvironment.current()
    private static let edits = environment["PMM_EDITS"].flatMap(Int.init) ?? 1000

    @Test(
        "In the end the desired set is the object; every state seen on the way was one, and none was older than the last",
        arguments: [[], ["--without", "watch-list"], ["--without", "watch-list-ignored"]]
    )
    func editsUnderFire(server: [String]) throws {
        let seed = Self.environment["PMM_EDIT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
        let count = server.isEmpty ? Self.edits : Self.edits / 5
        var run = try EditRun(seed: seed, server: server)
        for edit in 1...count {
            try run.edit(edit)
            if edit % 25 == 0 { try run.fault() }
            // Every other time what the fault has broken may mend before the next comes.
            if edit % 50 == 5 { try run.waitForTheObject() }
        }
        try run.clearFaults()
        let state = try run.waitForTheObject()
        for pair in state.pairs {
            let text = try #require(run.history.contracts[pair.files[0]])
            #expect(try run.watcher.stored(pair) == Array(text.utf8))
        }
        run.observer.stop()
        let seen = run.observer.revisions
        #expect(run.history.violation(in: seen) == nil, "\(run.plan)")
        // Far fewer than there were would mean that nothing was watched.
        #expect(seen.count > count / 10)
        let restarts = state.configMaps.first?.restarts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print("\(count) edits, \(run.plan): \(seen.count) states seen, watches begun anew: \(restarts ?? [])")
    }

    @Test("The history knows a state that never was, an older one after a newer one, and the same state twice")
    func oracle() throws {
        var history = EditHistory()
        let empty = history.revision
        history.set("a.json", "1")
        let first = history.revision
        history.set("a.json", "2")
        let second = history.revision
        history.removeAll()
        #expect(history.violation(in: [empty, first, second, empty]) == nil)
        #expect(history.violation(in: [second, first]) == "observation 1: state 1 after state 2")
        #expect(history.violation(in: [first, "x"]) == "observation 1: a state that never was")
        #expect(history.violation(in: [first, empty, second]) == "observation 2: state 2 after state 3")
    }
}

/// The server, the watcher, and the only hand that edits and breaks.
private struct EditRun {
    private let directory: TemporaryDirectory
    private let program: String
    private var server: LocalKubernetesProcess
    private(set) var watcher: WatcherProcess
    let observer: SourceObserver
    private(set) var history = EditHistory()
    private(set) var faults: [String: Int] = [:]
    private var random: JitterSource
    private let seed: UInt64
    private let arguments: [String]
    private var isThere = false
    private var token = 0

    private static let name = "pact-contracts"
    private static let account = "pact/pact-mocks-manager"

    init(seed: UInt64, server arguments: [String]) throws {
        self.seed = seed
        self.arguments = arguments
        random = JitterSource(seed: seed)
        directory = try TemporaryDirectory()
        program = try BuiltProducts.testDouble("watcher")
        server = try Self.server(directory, arguments, port: 0)
        try server.access(Self.account, tokens: ["token-0"], rules: [.init(["get", "watch"], names: [Self.name])])
        try directory.write("token", "token-0\n")
        watcher = try Self.watcher(directory, server.url, program)
        observer = SourceObserver(watcher.stateDirectory)
        try set("0.json", 0)
        try watcher.wait(for: "the first contract") { $0.pairs.count == 1 }
    }

    /// Bookmarks come as often as the watcher's shortened times expect them.
    private static func server(
        _ directory: TemporaryDirectory,
        _ arguments: [String],
        port: UInt16
    ) throws -> LocalKubernetesProcess {
        let own = ["--bookmark-interval", "1.2", "--state", directory.path + "/server"]
        return try LocalKubernetesProcess(arguments: own + arguments, port: port)
    }

    /// For a message: what repeats this run.
    var plan: String {
        let counts = faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "server \(arguments), seed \(seed), faults: \(counts)"
    }

    @discardableResult
    func waitForTheObject() throws -> SourceState {
        try watcher.wait(for: "the object as it is (\(plan))", within: .seconds(60)) {
            $0.revision == history.revision && $0.status == .present
        }
    }

    private static func watcher(_ directory: TemporaryDirectory, _ url: String, _ program: String) throws
        -> WatcherProcess
    {
        try WatcherProcess(
            contracts: directory.path + "/none",
            stateDirectory: directory.path + "/state",
            variables: [
                "CONTRACT_SOURCE": "kubernetes", "KUBERNETES_API_URL": url, "NAMESPACE": "pact",
                "KUBERNETES_TOKEN_FILE": directory.path + "/token", "PMM_WATCH_TIME_SCALE": "0.02",
            ],
            program: program
        )
    }

    // MARK: - Edits

    mutating func edit(_ number: Int) throws {
        let key = "\(Int(random.next() * 20)).json"
        switch random.next() {
        case ..<0.01 where isThere:
            history.removeAll()
            isThere = false
            try server.delete(configMap: Self.name)
        case ..<0.05 where isThere:
            // A change that is none for us.
            try server.patch(configMap: Self.name, #"{"metadata": {"annotations": {"n": "\#(number)"}}}"#)
        case ..<0.15 where isThere && history.contracts[key] != nil:
            history.set(key, nil)
            try server.patch(configMap: Self.name, #"{"data": {"\#(key)": null}}"#)
        default: try set(key, number)
        }
    }

    private mutating func set(_ key: String, _ number: Int) throws {
        let text = pact(EditHistory.consumer(key), "provider", "edit \(number)")
        history.set(key, text)
        if isThere {
            let value = JSONWriter.compact(.object(JSONObject([.init(key: key, value: .string(text))])))
            try server.patch(configMap: Self.name, #"{"data": \#(String(decoding: value, as: UTF8.self))}"#)
        } else {
            try server.put(configMap: Self.name, data: [key: text])
            isThere = true
        }
    }

    // MARK: - Faults

    mutating func fault() throws {
        let all: [(String, (inout EditRun) throws -> Void)] = [
            ("cut", { try $0.server.fault(#"{"cut": true}"#) }),
            ("reset", { try $0.server.fault(#"{"cut": "reset"}"#) }),
            ("drop mid-line", { try $0.server.fault(#"{"drop_after_bytes": 300, "open": true}"#) }),
            ("stall", { try $0.server.fault(#"{"stall": true, "open": true}"#) }),
            ("end", { try $0.server.fault(#"{"end": true}"#) }),
            (
                "expire",
                {
                    try $0.server.forgetHistory()
                    try $0.server.fault(#"{"cut": true}"#)
                }
            ),
            ("ERROR 410", { try $0.server.fault(#"{"expired": true, "open": true}"#) }),
            ("ERROR 500", { try $0.server.fault(#"{"error_event": 500, "open": true}"#) }),
            (
                "503",
                {
                    try $0.server.fault(#"[{"status": 503, "verbs": ["watch"], "count": 2}, {"cut": true}]"#)
                }
            ),
            (
                "refuse",
                {
                    try $0.server.fault(#"[{"refuse": true, "verbs": ["get", "watch"], "count": 3}, {"cut": true}]"#)
                }
            ),
            ("token rotated", { try $0.rotate() }),
            ("kill -9 of the watcher", { try $0.killWatcher() }),
            ("kill -9 of the watcher", { try $0.killWatcher() }),
            ("kill -9 of the server", { try $0.killServer() }),
        ]
        let (name, inject) = all[Int(random.next() * Double(all.count))]
        faults[name, default: 0] += 1
        try inject(&self)
    }

    func clearFaults() throws { try server.clearFaults() }

    private mutating func rotate() throws {
        token += 1
        try server.rotate(Self.account, to: "token-\(token)")
        // As the kubelet does it: whole or not at all.
        try directory.write("token.new", "token-\(token)\n")
        #expect(rename(directory.path + "/token.new", directory.path + "/token") == 0)
        try server.fault(#"{"cut": true}"#)
    }

    private mutating func killWatcher() throws {
        #expect(watcher.child.end(with: SIGKILL, within: .seconds(10)) == .signal(SIGKILL))
        watcher = try Self.watcher(directory, server.url, program)
    }

    /// Its history is gone then: whatever version we resume from is too old.
    private mutating func killServer() throws {
        let port = server.port
        server.kill()
        server = try Self.server(directory, arguments, port: port)
        let rules = [LocalKubernetesProcess.Rule(["get", "watch"], names: [Self.name])]
        try server.access(Self.account, tokens: ["token-\(token)"], rules: rules)
    }
}
