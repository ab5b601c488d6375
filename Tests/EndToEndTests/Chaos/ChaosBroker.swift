import Glibc
import Shared
import TestSupport

/// The local broker under chaos: what is done to it, and what it really holds.
struct ChaosBroker {
    let port: UInt16
    let url: String
    private(set) var process: LocalBrokerProcess?
    /// No fault makes it answer with errors.
    private(set) var isServing = true
    private let directory: String
    private var generation = 0
    /// By pair and content SHA: the SHA says nothing about the pair.
    private var labels: [Int: [String: String]] = [:]

    /// - Parameter directory: Its stores go there.
    init(in directory: String) throws {
        self.directory = directory
        let broker = try LocalBrokerProcess(arguments: ["--directory", directory + "/broker-0"])
        process = broker
        port = broker.port
        url = broker.url
    }

    /// Makes the content known by its label.
    mutating func learn(_ pair: Int, _ revision: Int) {
        guard let sha = ChaosContracts.pactSHA(pair, revision) else { return }
        labels[pair, default: [:]][sha] = ChaosContracts.label(pair, revision)
    }

    mutating func fault(_ json: String, answers: Bool) throws -> Bool {
        guard let process else { return false }
        try process.faults(json)
        isServing = answers
        return true
    }

    mutating func endFaults() throws -> Bool {
        isServing = true
        guard let process else { return false }
        try process.clearFaults()
        return true
    }

    mutating func wipe() throws -> Bool {
        guard let process else { return false }
        // Setting faults replaces them: none are left.
        try process.faults(#"{"wipe":true}"#)
        isServing = true
        return true
    }

    mutating func end(with signal: Int32) -> Bool {
        guard let process else { return false }
        if signal == SIGKILL { process.kill() } else { process.stop() }
        self.process = nil
        return true
    }

    mutating func start(keepingContents: Bool) throws -> Bool {
        guard process == nil else { return false }
        if !keepingContents { generation += 1 }
        process = try LocalBrokerProcess(arguments: ["--directory", "\(directory)/broker-\(generation)"], port: port)
        isServing = true
        return true
    }

    /// What it holds, whatever the faults.
    func held() throws -> ChaosOracle.Held {
        guard let process else { return [:] }
        let answer = try process.client.get("/_stored")
        var held: ChaosOracle.Held = [:]
        for entry in try JSONReader.parse(answer.body).array ?? [] {
            let key = PairKey(
                consumer: entry["consumer"]?.string ?? "",
                provider: entry["provider"]?.string ?? ""
            )
            guard let pair = ChaosContracts.pairs.firstIndex(of: key) else { continue }
            held[pair] = (entry["publications"]?.array ?? [])
                .map { publication in
                    let sha = publication["sha"]?.string ?? ""
                    return labels[pair]?[sha] ?? sha
                }
        }
        return held
    }

    /// The label of what `/latest` serves of a pair, as any client reads it.
    func latest(_ pair: Int) throws -> String? {
        guard let process else { return nil }
        let key = ChaosContracts.pairs[pair]
        let path = "/pacts/provider/\(key.provider)/consumer/\(key.consumer)/latest"
        let answer = try process.client.get(path, headers: [("Accept", "application/hal+json")])
        guard answer.status == 200 else { return nil }
        let body = try JSONReader.parse(answer.body)
        let description = body["interactions"]?.array?.first?["description"]?.string ?? ""
        return Int(description.split(separator: " ").last ?? "").map { ChaosContracts.label(pair, $0) }
    }
}
