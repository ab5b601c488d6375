import Glibc
import Shared
import TestSupport

/// Performs a plan on the real manager, its real workers and the local broker, and shows the oracles all of it.
struct ChaosRun {
    let manager: ManagerProcess
    private(set) var workers: ChaosWorkers
    private(set) var broker: ChaosBroker
    private(set) var oracle: ChaosOracle
    private(set) var log: [String] = []
    /// What was done, by kind; what found nothing to be done to.
    private(set) var performed: [String: Int] = [:]
    private(set) var skipped = 0
    private(set) var quietAfter: Duration?
    let start: MonotonicTime
    private let volume: KubeletVolume
    private let prober: KubeletProber
    private var entries: [Int: ChaosContracts.Entry]
    private var client: TestHTTPClient
    private var labels: [String: String] = [:]

    init(in directory: TemporaryDirectory) throws {
        entries = Dictionary(uniqueKeysWithValues: ChaosContracts.pairs.indices.map { ($0, .content(1)) })
        volume = try KubeletVolume(directory.path + "/mount")
        broker = try ChaosBroker(in: directory.path)
        oracle = ChaosOracle(interval: .seconds(1))
        manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "BROKER_USERNAME": "", "CONFIGMAP_PATH": volume.path,
                "GIT_COMMIT": "abc1234", "CHECK_INTERVAL_SECS": "1",
            ],
            stateDirectory: directory.path + "/state"
        )
        workers = ChaosWorkers(manager)
        client = try TestHTTPClient("http://127.0.0.1:\(manager.port)", timeout: .milliseconds(300))
        prober = try KubeletProber(port: manager.port)
        start = .now()
        try publish(entries)
    }

    /// Performs the plan, and what was begun is ended.
    mutating func perform(_ plan: ChaosPlan) throws {
        for step in plan.steps {
            while MonotonicTime.now() < start + step.at { try lookAround(until: start + step.at) }
            let isDone = try perform(step.action)
            if isDone { performed[Self.kind(step.action), default: 0] += 1 } else { skipped += 1 }
            let offset = (MonotonicTime.now() - start).milliseconds
            log.append(
                "\(offset) ms (planned \(step.at.milliseconds)): \(step.action)\(isDone ? "" : " (nothing to do)")"
            )
        }
        workers.resumeAll()
        _ = try broker.endFaults()
        _ = try broker.start(keepingContents: true)
        try publish(ChaosPlan.lastEntries)
    }

    /// Waits until broker and directory agree and the manager says so.
    ///
    /// - Returns: What is still wrong at the deadline; empty if nothing is.
    mutating func quiet(within limit: Duration) throws -> [String] {
        let began = MonotonicTime.now()
        while true {
            try lookAround(until: .now() + .milliseconds(50))
            let wrong = try differences()
            if wrong.isEmpty { quietAfter = MonotonicTime.now() - began }
            if wrong.isEmpty || MonotonicTime.now() - began > limit { return wrong }
        }
    }

    /// Ends the probing.
    func probes() -> [Probe] { prober.stop() }

    private mutating func perform(_ action: ChaosPlan.Action) throws -> Bool {
        switch action {
        case .kill(let worker, let signal): return workers.kill(worker, signal)
        case .stop(let worker): return workers.stop(worker)
        case .resume(let worker): return workers.resume(worker)
        case .restartAll:
            workers.restartAll()
            return true
        case .swap(let changes):
            try publish(changes)
            return true
        case .brokerFault(let json, let delay, let answers):
            oracle.observe(.delay(delay, at: .now()))
            return try broker.fault(json, answers: answers)
        case .brokerFaultsEnd: return try broker.endFaults()
        case .brokerWipe: return try broker.wipe()
        case .brokerEnds(let signal): return broker.end(with: signal)
        case .brokerStarts(let keepsContents): return try broker.start(keepingContents: keepsContents)
        }
    }

    private static func kind(_ action: ChaosPlan.Action) -> String {
        switch action {
        case .kill(let worker, _): "kill \(worker.rawValue)"
        case .stop(let worker): "stop \(worker.rawValue)"
        case .resume: "resume"
        case .restartAll: "SIGHUP"
        case .swap: "swap"
        case .brokerFault: "broker fault"
        case .brokerFaultsEnd: "broker fault ends"
        case .brokerWipe: "broker wipe"
        case .brokerEnds: "broker ends"
        case .brokerStarts(let keepsContents): keepsContents ? "broker starts" : "broker starts empty"
        }
    }

    private mutating func publish(_ changes: [Int: ChaosContracts.Entry]) throws {
        for (pair, entry) in changes {
            guard case .content(let revision) = entry else { continue }
            broker.learn(pair, revision)
            let sha256 = ContentHash.sha256Hex(ChaosContracts.bytes(pair, revision))
            labels[sha256] = ChaosContracts.label(pair, revision)
        }
        entries.merge(changes) { _, new in new }
        let began = MonotonicTime.now()
        try volume.publish(ChaosContracts.payload(entries))
        oracle.observe(.directory(changes, began: began, ended: .now()))
    }

    // MARK: observations

    /// Looks at everything once, then waits a little, at most until `end`.
    private mutating func lookAround(until end: MonotonicTime) throws {
        oracle.observe(.watcher(undisturbedSince: workers.look(), at: .now()))
        try sample()
        for provider in ChaosContracts.providers { ask(provider) }
        // Before anything else is done to the broker: what it holds now supports what was just said.
        try sample()
        let left = min(end - .now(), .milliseconds(15))
        if left > .zero { _ = poll(nil, 0, Int32(left.milliseconds)) }
    }

    private mutating func sample() throws {
        let began = MonotonicTime.now()
        let held = try broker.held()
        let isServing = broker.isServing && broker.process != nil
        oracle.observe(.broker(held, isServing: isServing, began: began, ended: .now()))
    }

    private mutating func ask(_ provider: String) {
        let began = MonotonicTime.now()
        guard let answer = try? client.get("/providers/\(provider)/ready"), answer.status == 200 else { return }
        let body = try? JSONReader.parse(answer.body)
        let claims = (body?["contracts"]?.array ?? []).compactMap { claim(provider, $0) }
        oracle.observe(.ready(provider: provider, claims, began: began, ended: .now()))
    }

    private func claim(_ provider: String, _ contract: JSONValue) -> ChaosOracle.Claim? {
        let key = PairKey(consumer: contract["consumer"]?.string ?? "", provider: provider)
        // A pair that never had valid content keeps nobody back and claims nothing.
        guard let pair = ChaosContracts.pairs.firstIndex(of: key), contract["state"]?.string != "invalid" else {
            return nil
        }
        let content = contract["sha256"]?.string ?? "none"
        let revision = contract["revision"]?.string
        return ChaosOracle.Claim(
            pair: pair,
            state: contract["state"]?.string ?? "",
            content: labels[content] ?? content,
            revision: revision.map { labels[$0] ?? $0 }
        )
    }

    private func differences() throws -> [String] {
        var wrong: [String] = []
        for pair in ChaosContracts.pairs.indices {
            guard case .content(let revision)? = entries[pair] else { continue }
            let latest = try broker.latest(pair)
            let wanted = ChaosContracts.label(pair, revision)
            if latest != wanted { wrong.append("/latest of pair \(pair) is \(latest ?? "nothing"), not \(wanted)") }
            let key = ChaosContracts.pairs[pair]
            let sha256 = ContentHash.sha256Hex(ChaosContracts.bytes(pair, revision))
            let answer = manager.get("/providers/\(key.provider)/ready?consumer=\(key.consumer)&revision=\(sha256)")
            if answer.code != 200 { wrong.append("pair \(pair): \(answer.code) \(answer.body)") }
        }
        let (code, body) = manager.get("/readiness")
        if code != 200 { wrong.append("/readiness \(code) \(body)") }
        return wrong
    }
}
